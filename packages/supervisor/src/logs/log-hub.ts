import { messageOf } from "@holdfast/contracts";
import { FOREVER_MS, Wake } from "../apply/wake.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { LogMessage, LogSource, LogStart } from "./log-message.ts";

/** Called with each line; it must not wait, nor throw: who is slow keeps a bounded queue of its own. */
export type LogListener = (message: LogMessage) => void;

export type LogHubOptions = { readonly source: LogSource; readonly clock: Clock; readonly log: Log };

const FIRST_RETRY_MS = 5000;
const LONGEST_RETRY_MS = 900_000;

/**
 * Brings lines of services and of the supervisor to whoever listens. The source is read only while somebody does; what
 * is said meanwhile is for nobody, and is not kept.
 */
export class LogHub {
  readonly #options: LogHubOptions;
  readonly #listeners = new Set<LogListener>();
  readonly #wake = new Wake();
  #reading: AbortController | undefined;
  /** What was said since the former reader is wanted: true at the start, when it is what a restart has missed. */
  #isContinued = true;
  #failures = 0;
  #lastReason = "";

  constructor(options: LogHubOptions) {
    this.#options = options;
  }

  /** Listens until the returned function is called. */
  listen(listener: LogListener): () => void {
    this.#listeners.add(listener);
    this.#wake.ring();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.skip();
      this.#reading?.abort();
    };
  }

  /** What is said until somebody listens is for nobody, also what was said before the supervisor started. */
  skip(): void {
    if (this.#listeners.size === 0) this.#isContinued = false;
  }

  /** A message of the supervisor itself (compat 9). */
  tell(message: string): void {
    this.#publish({ message, timestamp: this.#options.clock.now(), isSystem: true });
  }

  /** Reads the source while there are listeners, until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      if (this.#listeners.size === 0) {
        await this.#wake.wait(FOREVER_MS, clock, signal);
        continue;
      }
      const isBroken = await this.#read(signal);
      if (isBroken) await clock.sleep(this.#retryPause(), signal);
    }
  }

  /** Reads until the listeners go, false, or the source breaks, true. */
  async #read(signal: AbortSignal): Promise<boolean> {
    const reading = new AbortController();
    this.#reading = reading;
    const start: LogStart = this.#isContinued ? "last" : "now";
    this.#isContinued = true;
    const stop = (): void => reading.abort();
    signal.addEventListener("abort", stop, { once: true });
    try {
      for await (const message of this.#options.source.lines(start, reading.signal)) {
        this.#failures = 0;
        this.#publish(message);
      }
      if (!reading.signal.aborted) this.#fail("the journal's reader ended");
    } catch (error) {
      if (!reading.signal.aborted) this.#fail(messageOf(error));
    } finally {
      signal.removeEventListener("abort", stop);
      this.#reading = undefined;
    }
    return !reading.signal.aborted;
  }

  #fail(reason: string): void {
    this.#failures += 1;
    if (reason !== this.#lastReason) this.#options.log.warn(`Logs of services are interrupted: ${reason}`);
    this.#lastReason = reason;
  }

  #retryPause(): number {
    return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(Math.max(0, this.#failures - 1), 20));
  }

  #publish(message: LogMessage): void {
    for (const listener of this.#listeners) listener(message);
  }
}
