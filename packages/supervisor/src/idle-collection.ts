import { mib, seconds } from "@holdfast/contracts";
import type { Clock } from "./clock.ts";

/** What is asked of the process and done to it; tests have their own. */
export type IdleProcess = {
  readonly clock: Pick<Clock, "monotonic" | "sleep">;
  /** Of CPU that the process has taken so far, in milliseconds. */
  readonly cpuMs: () => number;
  /** Used by values, garbage included, in bytes. */
  readonly heapBytes: () => number;
  /** Gives back all that can be had; takes a tenth of a second on a PC. */
  readonly collect: () => void;
};

const LOOK_EVERY_MS = seconds(10);
/** Of the time between two looks; what takes more is busy, and its garbage is V8's affair. */
const IDLE_SHARE = 0.02;
/** Less garbage than this is not worth the work. */
const WORTH_BYTES = mib(1);
/** Between two collections: bounds what they take of an idle processor. */
const REST_MS = seconds(30);

/**
 * Collects all garbage once the process has become idle, until the signal fires. V8 itself collects as memory is asked for:
 * a process that nobody asks anything keeps what its last work has left behind, here half as much again as it needs.
 */
export async function collectWhenIdle(idle: IdleProcess, signal: AbortSignal): Promise<void> {
  const { clock, cpuMs, heapBytes, collect } = idle;
  let left = 0;
  let collectedAt = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    const [before, from] = [cpuMs(), clock.monotonic()];
    await clock.sleep(LOOK_EVERY_MS, signal);
    const now = clock.monotonic();
    const isBusy = cpuMs() - before > IDLE_SHARE * (now - from);
    if (signal.aborted || isBusy || now - collectedAt < REST_MS || heapBytes() - left < WORTH_BYTES) continue;
    collect();
    [left, collectedAt] = [heapBytes(), now];
  }
}
