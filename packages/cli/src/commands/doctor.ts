import { renderReport } from "@holdfast/host";
import type { Arguments, Context } from "../command/command.ts";
import { askDevice } from "../device/ask-device.ts";
import { chosenDevice } from "../device/chosen-device.ts";
import { readDoctorReport } from "../device/doctor-report.ts";

/** The device itself takes a quarter of a minute at most; ssh to an emulated one may take longer. */
const PATIENCE_MS = 90_000;

/** `holdfast doctor [DEVICE]`: what the device's own doctor finds; status 1 when something failed. */
export async function run(args: Arguments, context: Context): Promise<number> {
  const device = await chosenDevice(args.argument("DEVICE"), context);
  const identity = args.text("identity");
  const options = { timeoutMs: PATIENCE_MS, ...(identity === undefined ? {} : { identity }) };
  const report = readDoctorReport(await askDevice(device, "holdfast doctor --json", context, options));
  const isColoured = process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined;
  if (context.json) context.printJson(report);
  else context.print(renderReport(report, isColoured));
  return report.level === "failure" ? 1 : 0;
}
