import { monitorEventLoopDelay } from "node:perf_hooks";

const RESOLUTION_MS = 100;
/** A device that nobody asks is not woken ten times a second. */
const UNASKED_MS = 300_000;

/** How late the event loop is, measured while somebody asks for it. */
export class LoopDelay {
  #histogram: ReturnType<typeof monitorEventLoopDelay> | undefined;
  #stop: NodeJS.Timeout | undefined;

  /** The longest delay since it was asked last, in seconds; undefined for the first time. */
  takeSeconds(): number | undefined {
    const before = this.#histogram;
    const histogram = before ?? monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    histogram.enable();
    this.#histogram = histogram;
    clearTimeout(this.#stop);
    this.#stop = setTimeout(() => this.stop(), UNASKED_MS);
    this.#stop.unref();
    if (before === undefined) return undefined;
    // The histogram has the whole time between two looks, which are apart by its resolution.
    const longest = Math.max(0, before.max / 1e9 - RESOLUTION_MS / 1000);
    before.reset();
    return longest;
  }

  /** Ends measuring until it is asked again. */
  stop(): void {
    clearTimeout(this.#stop);
    this.#histogram?.disable();
    this.#histogram = undefined;
  }
}
