import { attachConsole, consoleTail } from "@holdfast/vm";
import type { Arguments, Context } from "../command/command.ts";
import { chosenVm } from "../device/chosen-device.ts";

/** `holdfast vm console DEVICE`: what the console said last, then the console itself while the device runs. */
export async function run(args: Arguments, context: Context): Promise<undefined> {
  const { vm, running } = await chosenVm(args.argument("DEVICE"), context);
  const tail = await consoleTail(vm);
  if (context.json) {
    context.printJson({ name: vm.name, running, lines: tail, file: vm.consoleLog });
    return;
  }
  context.print(tail.join("\n"));
  if (!running || args.flag("tail")) return;
  process.stderr.write(`(console of ${vm.name}; leave with Ctrl-])\n`);
  await attachConsole(vm, { input: process.stdin, output: process.stdout });
}
