import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type HoldfastError, type Millis, worldError } from "@holdfast/contracts";
import { consoleTail } from "../console/console-log.ts";
import { isRunning } from "../lifecycle/find-vm.ts";
import type { Vm } from "../record.ts";

export type Wait<T> = {
  /** Completes "the device did not …". */
  readonly what: string;
  readonly timeout: Millis;
  readonly signal: AbortSignal | undefined;
  readonly pollMs: number;
  /** Undefined means: not yet. The signal ends a hanging attempt when the time is over. */
  readonly attempt: (signal: AbortSignal) => Promise<T | undefined>;
};

/**
 * Repeats an attempt until it gives something.
 * @throws HoldfastError `vm.boot-failed` with the console's last lines after the timeout, or as soon as QEMU ends.
 */
export async function waitUntil<T>(vm: Vm, wait: Wait<T>): Promise<T> {
  const end = performance.now() + wait.timeout;
  using limit = deadline(wait.timeout, wait.signal);
  for (;;) {
    wait.signal?.throwIfAborted();
    // Asked before the attempt: what a device printed just before it ended still counts.
    const running = await isRunning(vm);
    const result = await wait.attempt(limit.signal);
    if (result !== undefined) return result;
    if (!running) throw await bootFailed(vm, wait.what, "QEMU ended");
    if (performance.now() >= end) throw await bootFailed(vm, wait.what, `waited ${Math.round(wait.timeout / 1000)} s`);
    await sleep(wait.pollMs);
  }
}

/**
 * A signal that is aborted after a time, or with another signal. Node's own `AbortSignal.any` of an
 * `AbortSignal.timeout` may be collected as garbage before its time, and then never fires.
 */
export function deadline(timeoutMs: number, signal?: AbortSignal): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, timeoutMs);
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted === true) abort();
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    },
  };
}

async function bootFailed(vm: Vm, what: string, why: string): Promise<HoldfastError> {
  const [lines, qemu] = await Promise.all([consoleTail(vm), readFile(vm.qemuLog, "utf8").catch(() => "")]);
  const words = qemu.trim().split("\n").slice(-5).join("\n");
  const shown = lines.length === 0 ? "Its console is empty." : `The last lines of its console:\n${lines.join("\n")}`;
  return worldError("vm.boot-failed", {
    message: `The device ${vm.name} did not ${what} (${why}). ${shown}${words === "" ? "" : `\nQEMU said:\n${words}`}`,
    hint: `Its whole console is in ${vm.consoleLog}.`,
  });
}
