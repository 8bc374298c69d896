import { runningVm, sshCommand } from "@holdfast/vm";
import type { Arguments, Context } from "../command/command.ts";
import { chosenDevice } from "../device/chosen-device.ts";
import { remoteSshArguments } from "../device/remote-ssh.ts";
import { serviceShell } from "../device/service-shell.ts";
import { vmHome } from "../machine/cache.ts";
import { spawnInherited } from "../machine/spawn-inherited.ts";
import { openVmHost } from "../machine/vm-host.ts";

/** `holdfast ssh DEVICE [SERVICE] [-- COMMAND…]`: a shell on the device or in a service; the command's status becomes ours. */
export async function run(args: Arguments, context: Context): Promise<number> {
  const device = await chosenDevice(args.required("DEVICE"), context);
  const host = await openVmHost(context);
  const given = args.rest.length === 0 ? undefined : args.rest.join(" ");
  const service = args.argument("SERVICE");
  const terminal = given === undefined && process.stdin.isTTY === true;
  const command = service === undefined ? given : serviceShell(service, given, terminal);
  const identity = args.text("identity");
  const options = {
    terminal,
    ...(command === undefined ? {} : { command }),
    ...(identity === undefined ? {} : { identity }),
  };
  const argv =
    device.kind === "remote"
      ? host.tools(remoteSshArguments(device.address, options))
      : sshCommand(host, await runningVm(vmHome, device.name), options);
  return await spawnInherited(argv, context.signal);
}
