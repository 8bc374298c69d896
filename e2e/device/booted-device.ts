import { HoldfastError, minutes } from "@holdfast/contracts";
import {
  findSnapshot,
  listSnapshots,
  removeSnapshot,
  removeVm,
  resumeSnapshot,
  saveSnapshot,
  setClock,
  waitForSsh,
} from "@holdfast/vm";
import { Device } from "./device.ts";
import { coldStart, type DeviceLab, deviceLab, untilUp } from "./device-lab.ts";

/** Each takes about a gigabyte; several checkouts and versions may share the cache. */
const KEPT_SNAPSHOTS = 3;
const PREFIX = "booted-";
const RESUME_PATIENCE = minutes(5);

/** Name of the saved device that is up with its app, for this image. */
const snapshotName = (lab: DeviceLab): string => `${PREFIX}${lab.key}`;

/** Keeps a device that has just come up, unless one of this image is kept already. */
export async function keepBooted(device: Device): Promise<void> {
  const { lab } = device;
  // What a power cut would lose is in the memory that is saved, but tests cut power, too.
  await device.shell("sync");
  if ((await findSnapshot(lab.host.home, snapshotName(lab))) !== undefined) return;
  const kept = (await listSnapshots(lab.host.home)).filter((name) => name.startsWith(PREFIX));
  for (const old of kept.slice(KEPT_SNAPSHOTS - 1)) await removeSnapshot(lab.host.home, old);
  await saveSnapshot(device.vm, snapshotName(lab)).catch((error: unknown) => {
    // Another suite was quicker.
    if (!(error instanceof HoldfastError && error.code === "vm.snapshot-exists")) throw error;
  });
}

/**
 * A device with the sample app up, within seconds: resumed from the one that booted last, or booted now if there is
 * none of this image. It is the caller's alone; `name` is unique per suite.
 */
export async function bootedDevice(name: string): Promise<Device> {
  const lab = await deviceLab();
  if ((await findSnapshot(lab.host.home, snapshotName(lab))) === undefined) await bootOnce(lab, `${name}-first`);
  // One that an interrupted run left.
  await removeVm(lab.host.home, name);
  const vm = await resumeSnapshot(lab.host, { from: snapshotName(lab), name });
  const device = new Device(lab, vm);
  try {
    await waitForSsh(lab.host, vm, { timeout: RESUME_PATIENCE });
    await setClock(lab.host, vm);
  } catch (error) {
    await device[Symbol.asyncDispose]();
    throw error;
  }
  return device;
}

async function bootOnce(lab: DeviceLab, name: string): Promise<void> {
  await using device = new Device(lab, await coldStart(lab, name));
  await untilUp(lab, device.vm);
  await keepBooted(device);
}
