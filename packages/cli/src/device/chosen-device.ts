import { refuse } from "@holdfast/contracts";
import { listVms, type Vm } from "@holdfast/vm";
import type { Context } from "../command/command.ts";
import { resolveLocalName } from "../discovery/find-devices.ts";
import { vmHome } from "../machine/cache.ts";
import { openVmHost } from "../machine/vm-host.ts";
import { deviceUuid } from "./device-uuid.ts";
import { type Device, resolveDevice } from "./resolve-device.ts";

/** The device of `up`, and of commands that are given none. */
export const DEFAULT_DEVICE = "holdfast";

/**
 * The device that a command was given, by ip, name, `.local` name or uuid.
 * @throws `cli.unknown-device`
 */
export async function chosenDevice(word: string | undefined, context: Context): Promise<Device> {
  return await resolveDevice(word ?? DEFAULT_DEVICE, {
    vms: () => listVms(vmHome),
    addressOf: (name) => resolveLocalName(name, { signal: context.signal }),
    uuidOf: async (vm) => await deviceUuid(await openVmHost(context), vm, context.signal),
  });
}

/**
 * The virtual device that a command was given.
 * @throws `cli.unknown-device`, also for addresses: consoles and power switches exist for virtual devices only
 */
export async function chosenVm(word: string | undefined, context: Context): Promise<{ vm: Vm; running: boolean }> {
  const device = await chosenDevice(word, context);
  if (device.kind === "virtual") return device;
  return refuse("cli.unknown-device", {
    message: `${device.address} is not a virtual device of this machine.`,
    hint: "./holdfast vm list shows those.",
  });
}
