import { writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { refuse, suggestName } from "@holdfast/contracts";
import { benchNames } from "../bench/bench-names.ts";
import { type BenchReport, benchReportSchema } from "../bench/bench-report.ts";
import { renderBench } from "../bench/render-bench.ts";
import type { Arguments, Context } from "../command/command.ts";
import { cacheDirectory } from "../machine/cache.ts";
import { repositoryRoot } from "../repository-root.ts";

/** What a file bench/NAME.bench.ts exports. */
export type BenchModule = {
  readonly bench: (context: {
    readonly cache: string;
    readonly progress: Context["progress"];
    readonly signal: AbortSignal;
  }) => Promise<BenchReport>;
};

/** `holdfast bench NAME`: measures, prints the table, and fails when an aim does not hold. */
export async function run(args: Arguments, context: Context): Promise<number> {
  const name = args.required("NAME");
  const known = await benchNames(repositoryRoot);
  if (!known.includes(name)) {
    refuse("cli.usage", { message: `There is no benchmark "${name}".`, hint: suggestName(name, known) });
  }
  // The name was found among the files of bench/, all of which are type-checked against BenchModule.
  const module = (await import(
    pathToFileURL(path.join(repositoryRoot, "bench", `${name}.bench.ts`)).href
  )) as BenchModule;
  const { progress, signal } = context;
  const report = benchReportSchema.parse(await module.bench({ cache: cacheDirectory, progress, signal }));
  const out = args.text("out");
  if (out !== undefined) await writeFile(out, `${JSON.stringify(report, null, 2)}\n`);
  if (context.json) context.printJson(report);
  else context.print(renderBench(report));
  return report.aims.every((aim) => aim.holds) ? 0 : 1;
}
