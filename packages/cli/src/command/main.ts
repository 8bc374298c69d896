import { describeError } from "../output/describe-error.ts";
import { terminalProgress } from "../output/terminal-progress.ts";
import type { Context } from "./command.ts";
import { commands } from "./commands.ts";
import { type CommandLine, parseCommandLine } from "./parse-command-line.ts";
import { renderHelp, renderOverview } from "./render-help.ts";

/** How long a command may take to clean up after Ctrl-C before a second Ctrl-C, or this long, ends it anyway. */
const CLEAN_UP_MS = 15_000;

/** Runs one command line of this process and sets its exit status. Never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  const controller = new AbortController();
  interruptWith(controller);
  // A reader that went away (`holdfast layers | head`) is no error.
  process.stdout.on("error", () => process.exit(0));
  const progress = terminalProgress(process.stderr);
  try {
    const line = parseCommandLine(argv, commands);
    process.exitCode = await perform(line, {
      print: (text) => process.stdout.write(`${text}\n`),
      printJson: (value) => process.stdout.write(`${JSON.stringify(value, null, 2)}\n`),
      json: line.kind === "run" && line.json,
      progress,
      signal: controller.signal,
    });
    progress.close();
  } catch (thrown) {
    progress.close();
    const report = describeError(thrown, controller.signal.aborted);
    process.stderr.write(`${report.text}\n`);
    if (argv.includes("--json")) process.stdout.write(`${JSON.stringify(report.json)}\n`);
    process.exitCode = report.status;
  }
  if (controller.signal.aborted) process.exitCode = 130;
}

async function perform(line: CommandLine, context: Context): Promise<number> {
  switch (line.kind) {
    case "help":
      context.print(line.command === undefined ? renderOverview(commands, line.group) : renderHelp(line.command));
      return 0;
    case "version": {
      const { holdfastVersion } = await import("./holdfast-version.ts");
      context.print(await holdfastVersion());
      return 0;
    }
    case "run": {
      const module = await line.command.load();
      return (await module.run(line.args, context)) ?? 0;
    }
  }
}

/** Ctrl-C and SIGTERM abort the work, which then removes what it made; a second one ends the process at once. */
function interruptWith(controller: AbortController): void {
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new Error("interrupted"));
    setTimeout(() => process.exit(130), CLEAN_UP_MS).unref();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
}
