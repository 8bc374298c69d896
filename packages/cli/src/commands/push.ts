import path from "node:path";
import { HoldfastError } from "@holdfast/contracts";
import type { Arguments, Context } from "../command/command.ts";
import { openDeviceApi } from "../device/open-device-api.ts";
import { alignColumns } from "../output/align-columns.ts";
import { describeError } from "../output/describe-error.ts";
import { formatBytes } from "../output/format-quantity.ts";
import { printNote } from "../output/print-note.ts";
import { projectDirectories } from "../push/project-directories.ts";
import { type PushedService, type PushOptions, type PushPlace, pushProject } from "../push/push-project.ts";
import { parseVariable } from "../push/variable.ts";
import { watchDirectories } from "../push/watch-directories.ts";

/** `holdfast push DEVICE [DIR]`: the project becomes what the device runs; with `--watch`, again after each change. */
export async function run(args: Arguments, context: Context): Promise<undefined> {
  const options: PushOptions = {
    directory: path.resolve(args.argument("DIR") ?? "."),
    services: args.list("service"),
    variables: args.list("env").map(parseVariable),
    fresh: args.flag("nocache"),
    detach: args.flag("detach"),
  };
  const { progress, signal } = context;
  const place = { api: await openDeviceApi(args, context), progress, signal, warn: printNote };
  if (args.flag("watch")) await watch(options, place, context);
  else report(await pushProject(options, place), context);
}

/** A push that fails is shown, and the next change tried: only the first one of the project must be possible. */
async function watch(options: PushOptions, place: PushPlace, context: Context): Promise<never> {
  let directories = await projectDirectories(options.directory);
  let { fresh } = options;
  for (;;) {
    // What changes while a push is under way is pushed by the next one.
    const changed = watchDirectories(directories, place.signal);
    changed.catch(() => undefined);
    try {
      report(await pushProject({ ...options, fresh }, place), context);
      fresh = false;
      directories = await projectDirectories(options.directory);
    } catch (thrown) {
      place.signal.throwIfAborted();
      if (!(thrown instanceof HoldfastError)) throw thrown;
      const { text, json } = describeError(thrown, false);
      process.stderr.write(`${text}\n`);
      if (context.json) context.print(JSON.stringify(json));
    }
    process.stderr.write(`  Waiting for changes in ${options.directory}; Ctrl-C ends it.\n`);
    await changed;
  }
}

function report(services: readonly PushedService[], context: Context): void {
  if (context.json) context.print(JSON.stringify({ services }));
  else context.print(alignColumns(services.map(row), ["service", "image", "sent", "of", "status"]));
}

function row({ name, image, sent, size, status }: PushedService): string[] {
  const isSent = image === "built" || image === "unchanged";
  const sizes = isSent ? [formatBytes(sent), formatBytes(size)] : ["-", "-"];
  return [name, image, ...sizes, status?.toLowerCase() ?? "to be started"];
}
