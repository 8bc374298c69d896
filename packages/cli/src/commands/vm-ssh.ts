import { runningVm, ssh, sshCommand } from "@holdfast/vm";
import type { Arguments, Context } from "../command/command.ts";
import { chosenDevice } from "../device/chosen-device.ts";
import { remoteSshArguments } from "../device/remote-ssh.ts";
import { vmHome } from "../machine/cache.ts";
import { spawnInherited } from "../machine/spawn-inherited.ts";
import { openVmHost } from "../machine/vm-host.ts";

/** `holdfast vm ssh DEVICE [-- COMMAND…]`: a root shell on the device, or one command; its status becomes ours. */
export async function run(args: Arguments, context: Context): Promise<number> {
  const host = await openVmHost(context);
  const device = await chosenDevice(args.required("DEVICE"), context);
  const command = args.rest.length === 0 ? undefined : args.rest.join(" ");
  const identity = args.text("identity");
  const options = {
    ...(command === undefined ? {} : { command }),
    ...(identity === undefined ? {} : { identity }),
    terminal: command === undefined && process.stdin.isTTY === true,
  };
  if (device.kind === "remote") {
    return await spawnInherited(host.tools(remoteSshArguments(device.address, options)), context.signal);
  }
  const vm = await runningVm(vmHome, device.name);
  if (context.json && command !== undefined) {
    const result = await ssh(host, vm, command, {
      signal: context.signal,
      ...(identity === undefined ? {} : { identity }),
    });
    context.printJson(result);
    return result.status;
  }
  return await spawnInherited(sshCommand(host, vm, options), context.signal);
}
