import type { EndToEndSuite } from "../testing/end-to-end-suites.ts";
import { generatedNote } from "./generated-note.ts";

/** docs/test-suites.md: where the time of the end-to-end suites goes, from e2e/suites.json. */
export function renderSuiteTable(suites: readonly EndToEndSuite[]): string {
  const core = suites.filter(({ tier }) => tier === "core");
  const full = suites.filter(({ tier }) => tier === "full");
  const table = (title: string, list: readonly EndToEndSuite[]): string =>
    [
      `## ${title}`,
      "",
      "| suite | minutes | stopped after | what it shows |",
      "|---|---:|---:|---|",
      ...list.map(({ name, minutes, limitMinutes, about }) => `| ${name} | ${minutes} | ${limitMinutes} | ${about} |`),
      `| all | ${sumMinutes(list)} | | |`,
    ].join("\n");
  return `${[
    "# Where the time of the tests goes",
    generatedNote,
    intro,
    table("In every `./holdfast test`", core),
    table("Only in `./holdfast test full`, or by name", full),
  ].join("\n\n")}\n`;
}

/** Minutes of these suites one after the other. */
export const sumMinutes = (suites: readonly EndToEndSuite[]): number =>
  Math.round(suites.reduce((sum, { minutes }) => sum + minutes, 0) * 10) / 10;

const intro = `Minutes are measured with a warm cache on two cores without KVM, one suite at a time, and kept in \`e2e/suites.json\`.
Before them, static checks and the unit suite run side by side in under a minute. Every run of \`./holdfast test\` ends with a
table of the times that it took. Device suites resume a saved booted device; only those that test booting boot.`;
