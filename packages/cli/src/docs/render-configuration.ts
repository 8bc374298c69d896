import { type ConfigKey, configKeys } from "@holdfast/host";
import { generatedNote } from "./generated-note.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const isFor = (never: boolean) => (key: ConfigKey<unknown>) => (key.when === "never") === never;

function table(keys: readonly ConfigKey<unknown>[]): string {
  const rows = keys.map(
    (key) =>
      `| \`${key.key}\` | ${cell(key.value)} | ${cell(key.default)} | ${cell(key.effect)} | ${key.when} | [${testName(key.test)}](../${key.test}) |`,
  );
  return ["| key | value | without it | effect | when | test |", "|---|---|---|---|---|---|", ...rows].join("\n");
}

/** A suite's name, or the file's. */
const testName = (path: string): string => (path.split("/").at(-1) ?? path).replace(/(\.e2e)?\.test\.ts$/, "");

/** docs/configuration.md: the given prose with the table of keys, which is made from the table that parses them. */
export function renderConfiguration(prose: string): string {
  const keys: readonly ConfigKey<unknown>[] = Object.values(configKeys);
  const block = [
    "<!-- keys -->",
    generatedNote,
    table(keys.filter(isFor(false))),
    `Known, without effect: ${keys
      .filter(isFor(true))
      .map(({ key }) => `\`${key}\``)
      .join(", ")}.`,
    "<!-- end of keys -->",
  ].join("\n\n");
  return prose.replace(/<!-- keys -->[\s\S]*?<!-- end of keys -->/, () => block);
}
