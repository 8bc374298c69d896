import { errorCodes } from "@holdfast/contracts";
import { generatedNote } from "./generated-note.ts";

/** docs/errors.md: every code that an operator can meet, by area. */
export function renderErrorTable(): string {
  const codes = Object.entries(errorCodes).sort(([a], [b]) => a.localeCompare(b));
  const areas = [...new Set(codes.map(([code]) => areaOf(code)))];
  const sections = areas.map((area) => {
    const rows = codes
      .filter(([code]) => areaOf(code) === area)
      .map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
    return [`## ${area}`, "", "| code | meaning |", "|---|---|", ...rows].join("\n");
  });
  return `${["# Errors", generatedNote, intro, ...sections].join("\n\n")}\n`;
}

const areaOf = (code: string): string => code.split(".")[0] ?? code;

const intro =
  "Each error is one sentence about what happened, a hint about what to do next, and one of these codes. Codes never change their meaning.";
