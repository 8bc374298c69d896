import { cutPower } from "@holdfast/vm";
import type { Arguments, Context } from "../command/command.ts";
import { chosenVm } from "../device/chosen-device.ts";

/** `holdfast vm cut DEVICE`: cuts the power, as if the plug were pulled. */
export async function run(args: Arguments, context: Context): Promise<undefined> {
  const { vm, running } = await chosenVm(args.required("DEVICE"), context);
  if (running) await cutPower(vm);
  if (context.json) context.printJson({ name: vm.name, wasRunning: running });
  else context.print(running ? `${vm.name} lost its power.` : `${vm.name} was not running.`);
}
