import { Wake } from "../../apply/wake.ts";
import type { Clock } from "../../clock.ts";
import type { LogMessage } from "../../logs/log-message.ts";
import { wireLine } from "./wire-line.ts";

/** What waits for the server, at most; more is dropped, and how much is told (compat 5.4). */
export const MAX_BUFFER = 256 * 1024;

/** Lines that wait to be sent. When it is full, new ones are dropped: the old tell how it began. */
export class LogBuffer {
  readonly #clock: Clock;
  readonly #wake = new Wake();
  #lines: string[] = [];
  #bytes = 0;
  #dropped = 0;
  /** Lines that never reached the server, since the start. */
  lost = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  push(message: LogMessage): void {
    const line = wireLine(message);
    if (line === undefined) return;
    const size = Buffer.byteLength(line);
    if (this.#bytes + size > MAX_BUFFER) this.#drop(1);
    else {
      this.#lines.push(line);
      this.#bytes += size;
    }
    this.#wake.ring();
  }

  /** Takes all that waits, with a notice of what was dropped since at its end; empty when nothing waits. */
  takeAll(): readonly string[] {
    const lines = this.#lines;
    if (this.#dropped > 0) {
      const message = `Warning: Suppressed ${this.#dropped} message(s) due to high load`;
      lines.push(wireLine({ message, timestamp: this.#clock.now(), isSystem: true }) ?? "");
    }
    this.#lines = [];
    this.#bytes = 0;
    this.#dropped = 0;
    return lines;
  }

  /** Lines that were taken and may not have got through: they come first again, or count as dropped for want of room. */
  putBack(lines: readonly string[]): void {
    const size = Buffer.byteLength(lines.join(""));
    if (this.#bytes + size > MAX_BUFFER) {
      this.lose(lines.length);
      return;
    }
    this.#lines = [...lines, ...this.#lines];
    this.#bytes += size;
    this.#wake.ring();
  }

  /** Lines that were taken did not get through; they are told of as dropped. */
  lose(count: number): void {
    this.#drop(count);
    this.#wake.ring();
  }

  #drop(count: number): void {
    this.#dropped += count;
    this.lost += count;
  }

  isEmpty(): boolean {
    return this.#lines.length === 0 && this.#dropped === 0;
  }

  /** Returns when something waits, the time is over or the signal fired. */
  async untilFilled(ms: number, signal: AbortSignal): Promise<void> {
    const from = this.#clock.now();
    // A bell that rang for lines which are gone by now must not end the wait.
    while (this.isEmpty() && !signal.aborted) {
      const left = ms - (this.#clock.now() - from);
      if (left <= 0) return;
      await this.#wake.wait(left, this.#clock, signal);
    }
  }
}
