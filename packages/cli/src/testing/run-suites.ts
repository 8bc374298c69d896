import { mkdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { messageOf, type Progress } from "@holdfast/contracts";
import { readBenchOutcome } from "./read-bench-outcome.ts";
import { readVitestReport, type VitestOutcome } from "./read-vitest-report.ts";
import { type LoggedOutcome, runLogged } from "./run-logged.ts";
import type { Suite, SuiteResult } from "./suite.ts";

export type SuiteRunner = {
  readonly root: string;
  /** Logs and reports, one per suite. */
  readonly logDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly progress: Progress;
  readonly signal: AbortSignal;
};

/** Runs suites, `parallel` at a time, in order. A failing suite does not stop the others. */
export async function runSuites(
  suites: readonly Suite[],
  parallel: number,
  runner: SuiteRunner,
): Promise<SuiteResult[]> {
  await mkdir(runner.logDirectory, { recursive: true });
  const waiting = [...suites.entries()];
  const results = new Map<number, SuiteResult>();
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      results.set(next[0], await runSuite(next[1], runner));
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, suites.length) }, worker));
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result);
}

async function runSuite(suite: Suite, runner: SuiteRunner): Promise<SuiteResult> {
  const base = path.join(runner.logDirectory, suite.name.replaceAll("/", "-"));
  const [logFile, reportFile] = [`${base}.log`, `${base}.json`];
  await rm(reportFile, { force: true });
  const began = performance.now();
  const step = runner.progress.start(suite.name);
  let result: SuiteResult | undefined;
  try {
    const outcome = await runLogged({
      argv: [suite.argv[0], ...suite.argv.slice(1).map((word) => word.replace(REPORT, reportFile))],
      cwd: runner.root,
      env: runner.env,
      logFile,
      timeoutMs: suite.timeoutMs,
      signal: runner.signal,
    });
    const read = await readOutcome(suite, outcome, logFile, reportFile);
    result = { name: suite.name, elapsedMs: performance.now() - began, logFile, ...read };
    return result;
  } finally {
    step.end(result === undefined ? "interrupted" : countsOf(result));
  }
}

/** In a suite's argv: the file that its report is wanted in. */
export const REPORT = "{report}";

async function readOutcome(
  suite: Suite,
  outcome: LoggedOutcome,
  logFile: string,
  reportFile: string,
): Promise<VitestOutcome> {
  const fail = (message: string): VitestOutcome => ({
    passed: 0,
    failures: [{ test: suite.name, message }],
    tests: [],
  });
  if (outcome.kind === "not-started") return fail(`${suite.argv[0]} could not be started: ${outcome.reason}`);
  if (suite.outcome === "status") {
    if (outcome.kind === "timed-out") return fail(timedOut(suite));
    return outcome.status === 0 ? { passed: 1, failures: [], tests: [] } : fail(await lastLines(logFile));
  }
  try {
    const text = await readFile(reportFile, "utf8");
    const read = suite.outcome === "vitest" ? readVitestReport(text) : readBenchOutcome(text);
    // A report without a failure beside a bad end (an error after the tests) is a failure all the same.
    if (outcome.kind === "timed-out")
      return { ...read, failures: [...read.failures, ...fail(timedOut(suite)).failures] };
    if (outcome.status === 0 || read.failures.length > 0) return read;
    return { ...read, failures: fail(await lastLines(logFile)).failures };
  } catch (thrown) {
    if (outcome.kind === "timed-out") return fail(timedOut(suite));
    return fail(`it left no readable report (${messageOf(thrown)}):\n${await lastLines(logFile)}`);
  }
}

const timedOut = (suite: Suite): string => `it was stopped after ${Math.round(suite.timeoutMs / 1000)} s, its limit`;

async function lastLines(logFile: string): Promise<string> {
  const text = await readFile(logFile, "utf8").catch(() => "");
  return text.trimEnd().split("\n").slice(-25).join("\n");
}

const countsOf = (result: SuiteResult): string =>
  result.failures.length === 0
    ? `${result.passed} passed`
    : `${result.passed} passed, ${result.failures.length} failed`;
