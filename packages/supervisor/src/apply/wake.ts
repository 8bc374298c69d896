import type { Clock } from "../clock.ts";

/** Longest sleep of who waits for nothing but a bell: timers take no more than 24 days. */
export const FOREVER_MS = 86_400_000;

/** A bell: rings before the wait are not lost, many rings count once. */
export class Wake {
  #rung = false;
  #abort: AbortController | undefined;

  ring(): void {
    this.#rung = true;
    this.#abort?.abort();
  }

  /** Returns when the bell rang since the last wait, the time is over, or the signal fired. */
  async wait(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    if (!this.#rung && !signal.aborted) {
      const abort = new AbortController();
      const stop = (): void => abort.abort();
      this.#abort = abort;
      signal.addEventListener("abort", stop, { once: true });
      await clock.sleep(ms, abort.signal);
      signal.removeEventListener("abort", stop);
      // Another wait may have begun since.
      if (this.#abort === abort) this.#abort = undefined;
    }
    this.#rung = false;
  }
}
