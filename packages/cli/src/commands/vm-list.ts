import { listVms } from "@holdfast/vm";
import type { Arguments, Context } from "../command/command.ts";
import { vmHome } from "../machine/cache.ts";
import { alignColumns } from "../output/align-columns.ts";
import { addressesOf } from "../up/addresses.ts";

/** `holdfast vm list`. */
export async function run(_args: Arguments, context: Context): Promise<undefined> {
  const vms = await listVms(vmHome);
  if (context.json) {
    context.printJson(
      vms.map(({ name, status, vm }) => ({
        name,
        status,
        arch: vm.arch,
        pid: vm.pid,
        ports: vm.ports,
        console: vm.consoleLog,
      })),
    );
    return;
  }
  if (vms.length === 0) {
    context.print("There is no virtual device. ./holdfast up makes one.");
    return;
  }
  const rows = vms.map(({ name, status, vm }) => {
    const { page = "", api = "" } = status === "running" ? addressesOf(vm) : {};
    return [name, status, vm.arch, status === "running" ? vm.accelerator : "", page, api];
  });
  context.print(alignColumns(rows, ["name", "status", "arch", "runs with", "page", "supervisor"]));
}
