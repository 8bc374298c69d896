import { mib, refuse } from "@holdfast/contracts";
import { startVm, type VmSpec } from "@holdfast/vm";
import type { Arguments, Context } from "../command/command.ts";
import { parseArchitecture } from "../command/parse-architecture.ts";
import { DEFAULT_DEVICE } from "../device/chosen-device.ts";
import { rawImage } from "../image/raw-image.ts";
import { parseSize } from "../machine/parse-quantity.ts";
import { openVmHost } from "../machine/vm-host.ts";
import { addressesOf } from "../up/addresses.ts";
import { devicePorts } from "../up/device-ports.ts";

/** `holdfast vm start [NAME] --image IMAGE`: starts QEMU and returns; the device goes on booting. */
export async function run(args: Arguments, context: Context): Promise<undefined> {
  const host = await openVmHost(context);
  const name = args.argument("NAME") ?? DEFAULT_DEVICE;
  const vm = await startVm(host, await specOf(name, args, context), {
    signal: context.signal,
    fresh: args.flag("fresh"),
  });
  if (context.json) {
    context.printJson({
      name: vm.name,
      pid: vm.pid,
      ports: vm.ports,
      accelerator: vm.accelerator,
      console: vm.consoleLog,
    });
    return;
  }
  const { page, api, ssh } = addressesOf(vm);
  context.print(`${vm.name} boots (${vm.accelerator}). Console: ./holdfast vm console ${vm.name}`);
  context.print(
    [
      `  ssh: ${ssh}`,
      ...(api === undefined ? [] : [`  supervisor: ${api}/ping`]),
      ...(page === undefined ? [] : [`  http: ${page}`]),
    ].join("\n"),
  );
}

async function specOf(name: string, args: Arguments, context: Context): Promise<VmSpec> {
  const image = args.text("image");
  if (image === undefined) {
    refuse("cli.usage", {
      message: "holdfast vm start needs --image, a disk image.",
      hint: "./holdfast build --board generic-amd64 --out build makes one; ./holdfast up builds and starts in one go.",
    });
  }
  const arch = parseArchitecture(args.text("arch"));
  const diskSize = args.text("disk-size");
  return {
    name,
    arch,
    disk: await rawImage(image, context),
    memory: parseSize("memory", args.text("memory") ?? "1G"),
    ports: await devicePorts(),
    diskSize: diskSize === undefined ? mib(8192) : parseSize("disk-size", diskSize),
    ...(args.flag("tpm") ? { tpm: true } : {}),
    ...(args.flag("secure-boot") ? { secureBoot: true } : {}),
  };
}
