import { link, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { minutes, refuse } from "@holdfast/contracts";
import { isRunning } from "../lifecycle/find-vm.ts";
import { migrationEnd, Qmp } from "../qemu/qmp.ts";
import { readVm, type Vm, writeVm } from "../record.ts";
import { type Snapshot, snapshotDirectory, writeSnapshot } from "./snapshot-record.ts";
import { stateChannel, useMappedMemory } from "./state-file.ts";

const SAVE_TIMEOUT = minutes(3);

/**
 * Saves the memory and the disks of a running device, which then goes on. Each drive continues in a new overlay, and
 * what it had until then is frozen: nothing is copied but the memory, and any number of devices can share it.
 * @throws HoldfastError `vm.not-running`, `vm.snapshot-exists`, `vm.snapshot-failed`, `vm.qemu-failed`.
 */
export async function saveSnapshot(of: Vm, name: string): Promise<Snapshot> {
  const home = dirname(of.home);
  const directory = snapshotDirectory(home, name);
  const vm = (await readVm(of.home)) ?? of;
  if (!(await isRunning(vm))) refuse("vm.not-running", { message: `The virtual device ${vm.name} is not running.` });
  if (vm.spec.tpm || vm.spec.writeLog !== undefined) {
    refuse("vm.snapshot-failed", {
      message: `The device ${vm.name} has ${vm.spec.tpm ? "a TPM" : "a log of writes"}, which a snapshot cannot hold.`,
    });
  }
  const temporary = `${directory}.${process.pid}`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  try {
    const qemuVersion = await freeze(vm, temporary);
    const snapshot: Snapshot = {
      ...({ format: 1, name, createdAt: new Date().toISOString(), qemuVersion, accelerator: vm.accelerator } as const),
      ...{ spec: vm.spec, state: join(directory, "state"), bases: vm.bases },
      drives: vm.drives.map(({ id }) => ({ id, file: join(directory, `${id}.qcow2`) })),
    };
    await writeSnapshot(temporary, snapshot);
    await rename(temporary, directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
      refuse("vm.snapshot-exists", { message: `There is a snapshot named ${name} already.`, cause: error });
    });
    return snapshot;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** Stops the device for a moment, lets its drives continue elsewhere, and saves the rest. Returns QEMU's version. */
async function freeze(vm: Vm, into: string): Promise<string> {
  using qmp = await Qmp.connect(vm.qmpSocket);
  await qmp.execute("stop");
  try {
    const continued = vm.drives.map(({ id }) => ({ id, file: join(vm.home, `${id}.${Date.now()}.qcow2`) }));
    await qmp.execute("transaction", {
      actions: continued.map(({ id, file }) => ({
        type: "blockdev-snapshot-sync",
        data: { device: id, "snapshot-file": file, format: "qcow2", mode: "absolute-paths" },
      })),
    });
    await writeVm({ ...vm, drives: continued });
    for (const { id, file } of vm.drives) await link(file, join(into, `${id}.qcow2`));
    await useMappedMemory(qmp);
    await qmp.execute("migrate", stateChannel(join(into, "state")));
    await migrationEnd(qmp, SAVE_TIMEOUT);
  } finally {
    await qmp.execute("cont");
  }
  return qmp.version;
}
