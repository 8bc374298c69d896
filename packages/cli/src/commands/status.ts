import { listVms, type Vm } from "@holdfast/vm";
import type { Arguments, Context } from "../command/command.ts";
import { chosenDevice } from "../device/chosen-device.ts";
import { vmHome } from "../machine/cache.ts";
import { alignColumns } from "../output/align-columns.ts";
import { addressesOf } from "../up/addresses.ts";
import { type DeviceHealth, deviceHealth } from "../up/device-health.ts";

type Row = { name: string; status: string; address?: string; health: DeviceHealth; page?: string; ssh?: string };

/** `holdfast status [DEVICE]`: which devices run, whether their supervisor answers, and their addresses. */
export async function run(args: Arguments, context: Context): Promise<undefined> {
  const rows = await collect(args.argument("DEVICE"), context);
  if (context.json) context.printJson(rows);
  else if (rows.length === 0) context.print("No device runs. ./holdfast up starts one.");
  else context.print(alignColumns(rows.map(line), ["device", "status", "supervisor", "services", "page", "ssh"]));
}

async function collect(word: string | undefined, context: Context): Promise<Row[]> {
  if (word === undefined) {
    const vms = await listVms(vmHome);
    return await Promise.all(vms.map(({ vm, status }) => virtualRow(vm, status === "running", context.signal)));
  }
  const device = await chosenDevice(word, context);
  if (device.kind === "virtual") return [await virtualRow(device.vm, device.running, context.signal)];
  const health = await deviceHealth(`http://${device.address}:48484`, context.signal);
  return [{ name: device.address, status: health.supervisor === "answers" ? "up" : "unreachable", health }];
}

async function virtualRow(vm: Vm, running: boolean, signal: AbortSignal): Promise<Row> {
  if (!running) return { name: vm.name, status: "stopped", health: { supervisor: "silent", services: [] } };
  const { page, api, ssh } = addressesOf(vm);
  const health = api === undefined ? { supervisor: "silent" as const, services: [] } : await deviceHealth(api, signal);
  return {
    name: vm.name,
    status: "running",
    health,
    ssh,
    ...(api === undefined ? {} : { address: api }),
    ...(page === undefined ? {} : { page }),
  };
}

function line(row: Row): string[] {
  const running = row.health.services.filter(({ status }) => status.toLowerCase() === "running").length;
  const services = row.health.services.length === 0 ? "" : `${running} of ${row.health.services.length} running`;
  return [row.name, row.status, row.health.supervisor, services, row.page ?? "", row.ssh ?? ""];
}
