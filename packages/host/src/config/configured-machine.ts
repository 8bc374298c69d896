import { type CommandHandler, type SimulatedMachine, simulateMachine } from "../machine/simulated-machine.ts";
import { CONFIG_JSON } from "./config-file.ts";

/** For tests: a device with that config.json, at the beginning of a boot. */
export function configured(
  config: string | undefined,
  options: { readonly cutAfter?: number; readonly handler?: CommandHandler } = {},
): SimulatedMachine {
  const { handler, ...cut } = options;
  const machine = simulateMachine(handler, cut);
  if (config !== undefined) machine.put(CONFIG_JSON, config);
  machine.put("/mnt/boot/device-type.json", '{"slug":"generic-amd64"}');
  machine.put("/mnt/state/root-overlay/etc/openvpn/x", "");
  machine.put("/proc/sys/kernel/random/uuid", "01234567-89ab-4cde-8f01-23456789abcd\n");
  machine.put("/proc/sys/kernel/hostname", "localhost\n");
  machine.put("/sys/class/tty/console/active", "ttyS0 tty0\n");
  machine.put("/run/holdfast/boot.json", "{}");
  return machine;
}

export const configOf = (machine: SimulatedMachine): Record<string, unknown> =>
  JSON.parse(machine.readText(CONFIG_JSON) ?? "null");
