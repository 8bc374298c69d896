import path from "node:path";
import { refuse, suggestName } from "@holdfast/contracts";
import { benchNames } from "../bench/bench-names.ts";
import type { Arguments, Context } from "../command/command.ts";
import { parseCount } from "../machine/parse-quantity.ts";
import { repositoryRoot } from "../repository-root.ts";
import { endToEndSuites } from "../testing/end-to-end-suites.ts";
import { planSuites, type Scope } from "../testing/plan-suites.ts";
import { renderCount, renderSummary } from "../testing/render-summary.ts";
import { runSuites, type SuiteRunner } from "../testing/run-suites.ts";
import type { SuiteResult } from "../testing/suite.ts";

const scopes: readonly string[] = ["unit", "e2e", "bench", "full"];
const isScope = (word: string): word is Scope => scopes.includes(word);

/** `holdfast test [unit|e2e|bench|full] [name]`: runs suites, shows failures and times, ends with the count line. */
export async function run(args: Arguments, context: Context): Promise<number> {
  const word = args.argument("SUITES");
  if (word !== undefined && !isScope(word)) {
    refuse("cli.usage", { message: `There are no suites called "${word}".`, hint: suggestName(word, scopes) });
  }
  const jobs = parseCount("jobs", args.text("jobs") ?? "1");
  const known = {
    node: process.execPath,
    endToEnd: await endToEndSuites(repositoryRoot),
    benches: await benchNames(repositoryRoot),
  };
  const plan = planSuites(word ?? "default", args.argument("NAME"), known);
  const runner: SuiteRunner = {
    root: repositoryRoot,
    logDirectory: path.join(repositoryRoot, "build/test-logs"),
    env: { ...process.env, NODE_COMPILE_CACHE: "", FORCE_COLOR: "0", NO_COLOR: "1" },
    progress: context.progress,
    signal: context.signal,
  };
  const began = performance.now();
  const results = [...(await runSuites(plan.quick, 2, runner)), ...(await runSuites(plan.heavy, jobs, runner))];
  report(results, performance.now() - began, context);
  const ran = results.some((result) => result.passed > 0);
  return ran && results.every((result) => result.failures.length === 0) ? 0 : 1;
}

function report(results: readonly SuiteResult[], wallMs: number, context: Context): void {
  if (context.json) {
    context.printJson({ wallMs, suites: results });
    return;
  }
  context.print(`\n${renderSummary(results, wallMs)}\n`);
  context.print(renderCount(results));
}
