import { refuse } from "@holdfast/contracts";
import type { Arguments, Context } from "../command/command.ts";
import { openDeviceApi } from "../device/open-device-api.ts";
import { deviceJournal, deviceLogs } from "../logs/device-logs.ts";
import { logLineRenderer } from "../logs/render-log-line.ts";
import { printNote } from "../output/print-note.ts";

/** `holdfast logs DEVICE`: what the services of a device have printed and, with `--follow`, print. */
export async function run(args: Arguments, context: Context): Promise<undefined> {
  const services = args.list("service");
  const wish = { services, tail: parseCount(args.text("tail") ?? "100"), follow: args.flag("follow") };
  const isSystem = args.flag("system");
  if (isSystem && services.length > 0) {
    refuse("cli.usage", {
      message: "--system shows all of the device's journal, --service a part of it.",
      hint: "Give one of the two.",
    });
  }
  const api = await openDeviceApi(args, context);
  const place = { api, signal: context.signal, warn: printNote };
  const isColoured = process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined;
  const render = logLineRenderer(isColoured);
  for await (const line of isSystem ? deviceJournal(wish, api) : deviceLogs(wish, place)) {
    context.print(context.json ? JSON.stringify(line) : render(line));
  }
}

function parseCount(given: string): number {
  if (/^\d{1,6}$/.test(given)) return Number(given);
  return refuse("cli.usage", { message: `--tail ${given} is no number of lines.`, hint: "For example --tail 20." });
}
