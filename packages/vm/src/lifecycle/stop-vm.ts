import { dirname } from "node:path";
import { type Millis, refuse, seconds } from "@holdfast/contracts";
import { killProcesses, waitUntilGone } from "../process/kill.ts";
import { Qmp } from "../qemu/qmp.ts";
import type { Vm } from "../record.ts";
import { isRunning, removeVm } from "./find-vm.ts";

/** A clean stop under emulation, with containers to stop first. */
const STOP_TIMEOUT = seconds(120);
/** A device that is still booting takes no notice of its power button, so it is pressed again. */
const PRESS_AGAIN_MS = 10_000;

async function control(vm: Vm): Promise<Qmp> {
  if (!(await isRunning(vm))) {
    refuse("vm.not-running", { message: `The virtual device ${vm.name} is not running.` });
  }
  return Qmp.connect(vm.qmpSocket);
}

/** Cuts the device's power: QEMU is killed. Returns when it is gone; fine when it is gone already. */
export function cutPower(vm: Vm): Promise<void> {
  return killProcesses(vm.processes);
}

/**
 * Presses the device's power button and waits for it to turn itself off; cuts its power after the timeout.
 * Returns how it ended; `clean` when it was not running.
 */
export async function stopVm(
  vm: Vm,
  options: { readonly timeout?: Millis; readonly signal?: AbortSignal } = {},
): Promise<"clean" | "killed"> {
  const end = performance.now() + (options.timeout ?? STOP_TIMEOUT);
  while (performance.now() < end && (await isRunning(vm))) {
    options.signal?.throwIfAborted();
    await pressPowerButton(vm);
    const next = Math.min(end, performance.now() + PRESS_AGAIN_MS);
    while (performance.now() < next && !(await waitUntilGone(vm.processes, 500))) options.signal?.throwIfAborted();
  }
  const running = await isRunning(vm);
  await killProcesses(vm.processes);
  return running ? "killed" : "clean";
}

async function pressPowerButton(vm: Vm): Promise<void> {
  try {
    using qmp = await Qmp.connect(vm.qmpSocket);
    await qmp.execute("system_powerdown");
  } catch (error) {
    // It turned itself off between the question and the press.
    if (await isRunning(vm)) throw error;
  }
}

/** Presses the reset button: the device starts over at once, with whatever its disks hold. */
export async function resetVm(vm: Vm): Promise<void> {
  using qmp = await control(vm);
  await qmp.execute("system_reset");
}

/** Plugs the device's network cable in or pulls it. Forwarded ports do not answer meanwhile. */
export async function setLink(vm: Vm, up: boolean): Promise<void> {
  using qmp = await control(vm);
  await qmp.execute("set_link", { name: "nic0", up });
}

/** Makes the device's first disk hang: it takes requests and does not answer them, or answers again. */
export async function stallDisk(vm: Vm, stalled: boolean): Promise<void> {
  using qmp = await control(vm);
  // A byte a second is as good as nothing. Nought lifts a limit.
  const limits = { bps: stalled ? 1 : 0, bps_rd: 0, bps_wr: 0, iops: 0, iops_rd: 0, iops_wr: 0 };
  // By the backend: the front end of a virtio disk has none of its own.
  await qmp.execute("block_set_io_throttle", { device: "disk0", ...limits });
}

/** A device that belongs to a scope: `await using vm = scopedVm(await startVm(…))`. At its end it is killed and removed. */
export function scopedVm(vm: Vm): Vm & AsyncDisposable {
  return { ...vm, [Symbol.asyncDispose]: () => removeVm(dirname(vm.home), vm.name) };
}
