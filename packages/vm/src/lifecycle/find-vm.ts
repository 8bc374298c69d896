import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { nearestName, refuse } from "@holdfast/contracts";
import { isAlive } from "../process/identity.ts";
import { killProcesses } from "../process/kill.ts";
import { readVm, type Vm } from "../record.ts";

export type VmStatus = { readonly name: string; readonly status: "running" | "stopped"; readonly vm: Vm };

/** Whether QEMU of this record still runs; a process that merely has the same number does not count. */
export async function isRunning(vm: Vm): Promise<boolean> {
  const qemu = vm.processes.at(-1);
  return qemu !== undefined && (await isAlive(qemu));
}

/** Every virtual device below `home`, in the order of their names. A record whose QEMU is gone is a stopped device. */
export async function listVms(home: string): Promise<VmStatus[]> {
  const names = await readdir(home).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const vms = await Promise.all(names.filter((name) => !name.startsWith(".")).map((name) => readVm(join(home, name))));
  const known = vms.filter((vm) => vm !== undefined).sort((a, b) => (a.name < b.name ? -1 : 1));
  return Promise.all(
    known.map(async (vm) => ({ name: vm.name, status: (await isRunning(vm)) ? "running" : "stopped", vm }) as const),
  );
}

/** The device of that name, running or not. @throws HoldfastError `vm.unknown`. */
export async function findVm(home: string, name: string): Promise<Vm> {
  const all = await listVms(home);
  const found = all.find((status) => status.name === name);
  if (found !== undefined) return found.vm;
  const names = all.map((status) => status.name);
  const near = nearestName(name, names);
  return refuse("vm.unknown", {
    message: `There is no virtual device named ${name}.`,
    hint:
      near !== undefined
        ? `Did you mean ${near}?`
        : names.length === 0
          ? "None was started yet."
          : `There are: ${names.join(", ")}.`,
  });
}

/** The device of that name, if it runs. @throws HoldfastError `vm.unknown`, `vm.not-running`. */
export async function runningVm(home: string, name: string): Promise<Vm> {
  const vm = await findVm(home, name);
  if (await isRunning(vm)) return vm;
  return refuse("vm.not-running", {
    message: `The virtual device ${name} is not running.`,
    hint: `Start it with: holdfast vm start ${name}`,
  });
}

/** Cuts the device's power if it runs, and deletes all that is left of it. Its image stays. */
export async function removeVm(home: string, name: string): Promise<void> {
  const directory = join(home, name);
  const vm = await readVm(directory);
  if (vm !== undefined) await killProcesses(vm.processes);
  await rm(directory, { recursive: true, force: true });
}
