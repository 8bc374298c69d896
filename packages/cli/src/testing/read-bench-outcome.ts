import { benchReportSchema } from "../bench/bench-report.ts";
import type { VitestOutcome } from "./read-vitest-report.ts";

/**
 * Each aim of a benchmark is one test, and so is each peer that should have been measured.
 * @throws ZodError or SyntaxError for a text that is no bench report
 */
export function readBenchOutcome(text: string): VitestOutcome {
  const report = benchReportSchema.parse(JSON.parse(text));
  const failed = report.aims.filter((aim) => !aim.holds);
  return {
    passed: report.aims.length - failed.length,
    failures: [
      ...failed.map((aim) => ({ test: aim.aim, message: `${aim.value} is not within ${aim.limit}` })),
      ...Object.entries(report.missing).map(([peer, reason]) => ({ test: `peer ${peer}`, message: reason })),
    ],
    tests: [],
  };
}
