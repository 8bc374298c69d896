import { minutes } from "@holdfast/contracts";
import { removeVm, stopVm } from "@holdfast/vm";
import type { Arguments, Context } from "../command/command.ts";
import { chosenVm } from "../device/chosen-device.ts";
import { vmHome } from "../machine/cache.ts";

/** Apps get their time to stop, and without KVM everything takes several times as long. */
const PATIENCE = minutes(4);

/** `holdfast vm stop DEVICE` and `holdfast down`: presses the power button; the disk stays unless --remove is given. */
export async function run(args: Arguments, context: Context): Promise<undefined> {
  const { vm, running } = await chosenVm(args.argument("DEVICE"), context);
  let outcome = "was not running";
  if (running) {
    const step = context.progress.start(`Stop ${vm.name}`);
    try {
      outcome =
        (await stopVm(vm, { timeout: PATIENCE, signal: context.signal })) === "clean"
          ? "shut down"
          : "did not shut down in time and was cut off";
    } finally {
      step.end();
    }
  }
  const removed = args.flag("remove");
  if (removed) await removeVm(vmHome, vm.name);
  if (context.json) context.printJson({ name: vm.name, wasRunning: running, outcome, removed });
  else context.print(`${vm.name} ${outcome}${removed ? "; its disk is removed" : ""}.`);
}
