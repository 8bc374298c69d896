import { allChecks, UNKNOWN } from "@holdfast/host";
import { generatedNote } from "./generated-note.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|");
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;

/** docs/doctor.md: the given prose with the tables of checks and codes, which are made from the checks themselves. */
export function renderDoctor(prose: string): string {
  const checks = allChecks.map(({ name, means }) => row([`\`${name}\``, means]));
  const codes = [
    ...allChecks.flatMap(({ troubles }) => Object.entries(troubles)),
    [UNKNOWN.code, UNKNOWN] as const,
  ].map(([code, { level, means, todo }]) => row([`\`${code}\``, level, means, todo]));
  const block = [
    "<!-- checks -->",
    generatedNote,
    ["| check | well when |", "|---|---|", ...checks].join("\n"),
    "## Codes",
    ["| code | level | meaning | what to do |", "|---|---|---|---|", ...codes].join("\n"),
    "<!-- end of checks -->",
  ].join("\n\n");
  return prose.replace(/<!-- checks -->[\s\S]*?<!-- end of checks -->/, () => block);
}
