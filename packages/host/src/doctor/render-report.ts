import type { Report } from "./diagnose.ts";
import type { Finding, Level } from "./finding.ts";

const colours: Readonly<Record<Level, string>> = { failure: "31", warning: "33", ok: "32" };
/** What is wrong comes first. */
const order: readonly Level[] = ["failure", "warning", "ok"];
const LEVEL_WIDTH = "failure".length;

const painted = (text: string, level: Level, isColoured: boolean): string =>
  isColoured ? `\u001b[${colours[level]}m${text}\u001b[0m` : text;

/** The report as people read it: a line for each finding, what to do below each that is not well, and the sum. Pure. */
export function renderReport({ findings }: Report, isColoured: boolean): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = ({ check, level, code, what, todo }: Finding): readonly string[] => [
    `${painted(level.padEnd(LEVEL_WIDTH), level, isColoured)}  ${check.padEnd(width)}  ${what}`,
    ...(level === "ok" ? [] : [`${" ".repeat(LEVEL_WIDTH + width + 4)}${todo} [${code}]`]),
  ];
  const count = (level: Level): number => findings.filter((finding) => finding.level === level).length;
  return [
    ...order.flatMap((level) => findings.filter((finding) => finding.level === level).flatMap(lines)),
    "",
    `failures: ${count("failure")}, warnings: ${count("warning")}, ok: ${count("ok")}`,
  ].join("\n");
}
