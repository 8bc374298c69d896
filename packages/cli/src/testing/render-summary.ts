import { alignColumns } from "../output/align-columns.ts";
import { formatDuration } from "../output/format-quantity.ts";
import type { SuiteResult } from "./suite.ts";

const SLOWEST = 8;
const MESSAGE_LINES = 14;

/** Failures, then where the time went. The count line is `renderCount`. */
export function renderSummary(results: readonly SuiteResult[], wallMs: number): string {
  const sections = results.flatMap((result) => result.failures.map((failure) => renderFailure(result, failure)));
  sections.push(timeTable(results, wallMs));
  const slow = slowestTests(results);
  if (slow.length > 0) sections.push(`Slowest tests\n${alignColumns(slow)}`);
  return sections.join("\n\n");
}

/** The last line of `holdfast test`. */
export function renderCount(results: readonly SuiteResult[]): string {
  return `${sum(results, (result) => result.passed)} passed, ${sum(results, (result) => result.failures.length)} failed`;
}

function renderFailure(result: SuiteResult, failure: SuiteResult["failures"][number]): string {
  const lines = failure.message.trimEnd().split("\n");
  // The first lines of an assertion, the last lines of a program: both ends matter, the middle does not.
  const shown =
    lines.length <= MESSAGE_LINES
      ? lines
      : [...lines.slice(0, MESSAGE_LINES / 2), "…", ...lines.slice(-MESSAGE_LINES / 2)];
  return [
    `FAILED ${result.name}: ${failure.test}`,
    ...shown.map((line) => `    ${line}`),
    `    log: ${result.logFile}`,
  ].join("\n");
}

function timeTable(results: readonly SuiteResult[], wallMs: number): string {
  const row = (name: string, passed: number, failed: number, elapsedMs: number): string[] => [
    `  ${name}`,
    String(passed),
    String(failed),
    formatDuration(elapsedMs),
  ];
  const rows = results.map((result) => row(result.name, result.passed, result.failures.length, result.elapsedMs));
  const passed = sum(results, (result) => result.passed);
  const failed = sum(results, (result) => result.failures.length);
  rows.push(row("all, wall clock", passed, failed, wallMs));
  return alignColumns(rows, ["  suite", "passed", "failed", "time"]);
}

function slowestTests(results: readonly SuiteResult[]): string[][] {
  return results
    .flatMap((result) => result.tests.map((test) => ({ ...test, suite: result.name })))
    .filter((test) => test.elapsedMs >= 1000)
    .sort((a, b) => b.elapsedMs - a.elapsedMs)
    .slice(0, SLOWEST)
    .map((test) => [`  ${formatDuration(test.elapsedMs)}`, test.suite, test.name]);
}

const sum = (results: readonly SuiteResult[], count: (result: SuiteResult) => number): number =>
  results.reduce((total, result) => total + count(result), 0);
