import type { LockRefusal } from "../locks/update-locks.ts";

const FIRST_DELAY_MS = 500;

/** How often held locks are looked at, and what is said of them (compat 4.4, 9). */
export class LockPace {
  readonly #limitMs: number;
  #rounds = 0;
  #reasons = "";

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Notes a round's refusals; returns what is to be said: each reason once, not in every round. */
  note(refusals: readonly LockRefusal[]): string | undefined {
    this.#rounds = refusals.length === 0 ? 0 : this.#rounds + 1;
    const reasons = [...new Set(refusals.map(({ reason }) => reason))].join("; ");
    const isNews = reasons !== this.#reasons && reasons !== "";
    this.#reasons = reasons;
    return isNews
      ? `Updates are locked, retrying in ${Math.ceil(this.delayMs() / 1000)}s... Reason: ${reasons}`
      : undefined;
  }

  /** Whether a reason was said by `note` in this round. */
  covers(reason: string): boolean {
    return this.#reasons.includes(reason);
  }

  /** Milliseconds until the next look: min(2^n × 500 ms, limit); the limit when nothing is locked. */
  delayMs(): number {
    return this.#rounds === 0
      ? this.#limitMs
      : Math.min(FIRST_DELAY_MS * 2 ** Math.min(this.#rounds, 20), this.#limitMs);
  }

  /** Starts over with short delays. */
  reset(): void {
    this.#rounds = 0;
  }
}
