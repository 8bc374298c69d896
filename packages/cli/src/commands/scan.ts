import { refuse } from "@holdfast/contracts";
import type { Arguments, Context } from "../command/command.ts";
import { API_PORT } from "../device/device-api.ts";
import { deviceFacts } from "../discovery/device-facts.ts";
import { findDevices } from "../discovery/find-devices.ts";
import { alignColumns } from "../output/align-columns.ts";

const NOBODY = `No device answered.
  Devices announce themselves in development mode, or when their fleet makes them discoverable.
  The question does not pass routers: be on the same network (the same Wi-Fi, without isolation of its clients).
  A firewall on this machine must let answers to UDP questions in.
  Virtual devices of this machine do not answer: ./holdfast status lists them.`;

/** `holdfast scan`: the devices on this machine's networks. */
export async function run(args: Arguments, { progress, signal, json, print, printJson }: Context): Promise<undefined> {
  const timeoutMs = parseSeconds(args.text("timeout") ?? "4") * 1000;
  const step = progress.start("Look for devices");
  try {
    const found = await findDevices({ timeoutMs, signal }, (count) => step.update(count, 0));
    const facts = found.map(async (one) => ({
      ...one,
      ...(await deviceFacts(`http://${one.address}:${API_PORT}`, signal)),
    }));
    const devices = await Promise.all(facts);
    step.end(`${devices.length} found`);
    const rows = devices.map(({ name, address, type = "-", os = "-", supervisor = "-" }) => {
      return [name, address, type, os, supervisor];
    });
    if (json) printJson(devices);
    else if (rows.length === 0) print(NOBODY);
    else print(alignColumns(rows, ["name", "address", "type", "os", "supervisor"]));
  } finally {
    step.end();
  }
}

function parseSeconds(given: string): number {
  const value = Number(given);
  if (value > 0 && value <= 600) return value;
  return refuse("cli.usage", {
    message: `--timeout ${given} is no time in seconds.`,
    hint: "For example --timeout 10.",
  });
}
