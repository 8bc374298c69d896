import { z } from "zod";
import type { Failure, SuiteResult } from "./suite.ts";

const assertionSchema = z.object({
  fullName: z.string(),
  status: z.string(),
  duration: z.number().nullish(),
  failureMessages: z.array(z.string()).nullish(),
});

const reportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().nullish(),
      assertionResults: z.array(assertionSchema),
    }),
  ),
});

export type VitestOutcome = Pick<SuiteResult, "passed" | "failures" | "tests">;

/**
 * Counts vitest's JSON report. A test that was skipped or left as a plan counts as failed, and so does a file that
 * could not be loaded or holds no test: nothing is passed over silently.
 * @throws ZodError or SyntaxError for a text that is no report
 */
export function readVitestReport(text: string): VitestOutcome {
  const report = reportSchema.parse(JSON.parse(text));
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const failures: Failure[] = report.testResults.flatMap(({ message, assertionResults }) =>
    assertionResults
      .filter((test) => test.status !== "passed")
      .map((test) => ({ test: test.fullName, message: test.failureMessages?.[0] ?? notRun(test.status, message) })),
  );
  for (const file of report.testResults) {
    const explained = file.assertionResults.some((test) => test.status !== "passed");
    if (file.assertionResults.length === 0)
      failures.push({ test: file.name, message: file.message || "it holds no test" });
    else if (file.status === "failed" && !explained)
      failures.push({ test: file.name, message: file.message || "it failed" });
  }
  return {
    passed: tests.filter((test) => test.status === "passed").length,
    failures,
    tests: tests.map((test) => ({ name: test.fullName, elapsedMs: test.duration ?? 0 })),
  };
}

/** Tests whose set-up failed are skipped, and only their file knows why. */
function notRun(status: string, reason: string | null | undefined): string {
  return `the test was ${status}, not run${reason ? `: ${reason}` : ""}`;
}
