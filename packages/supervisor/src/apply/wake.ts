import type { Clock } from "../clock.ts";

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
      this.#abort = new AbortController();
      await clock.sleep(ms, this.#abort.signal);
      this.#abort = undefined;
    }
    this.#rung = false;
  }
}
