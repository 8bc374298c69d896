import { apiReference, type NeededKey } from "@holdfast/supervisor";
import { generatedNote } from "./generated-note.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|");

const KEYS: Readonly<Record<NeededKey, string>> = {
  none: "none",
  any: "any",
  app: "one of the app, or the global one",
  owner: "the global one",
};

/** docs/device-api.md: the given prose with the table of endpoints, which the supervisor's tests hold to its routes. */
export function renderDeviceApi(prose: string): string {
  const rows = Object.entries(apiReference).map(([endpoint, { about, key, takes = "", answers, test }]) => {
    const name = (test.split("/").at(-1) ?? test).replace(/\.test\.ts$/, "");
    return `| \`${endpoint}\` | ${cell(about)} | ${KEYS[key]} | ${cell(takes)} | ${cell(answers)} | [${name}](../${test}) |`;
  });
  const table = ["| endpoint | what | key | takes | answers | test |", "|---|---|---|---|---|---|", ...rows].join("\n");
  const block = ["<!-- endpoints -->", generatedNote, table, "<!-- end of endpoints -->"].join("\n\n");
  return prose.replace(/<!-- endpoints -->[\s\S]*?<!-- end of endpoints -->/, () => block);
}
