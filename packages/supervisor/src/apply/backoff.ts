/** First delay after a failure, doubled with each further one (compat 4.4). */
const FIRST_DELAY_MS = 500;
/** Delays are spread by this part, so that a fleet does not ask in step. */
const JITTER = 0.25;

export type Failure = { readonly count: number; readonly retryAt: number; readonly message: string };

/** When what failed may be tried again, per key; `min(2^n × 500 ms, limit)` with jitter. */
export class Backoff {
  readonly #failures = new Map<string, Failure>();
  readonly #limitMs: number;
  readonly #random: () => number;

  constructor(limitMs: number, random: () => number = Math.random) {
    this.#limitMs = limitMs;
    this.#random = random;
  }

  /** Notes a failure and returns the delay until the next try, at most `limitMs`. */
  failed(key: string, now: number, message: string, limitMs = this.#limitMs): number {
    const count = (this.#failures.get(key)?.count ?? 0) + 1;
    const full = Math.min(FIRST_DELAY_MS * 2 ** Math.min(count, 30), limitMs);
    const delay = Math.round(full * (1 - JITTER * this.#random()));
    this.#failures.set(key, { count, retryAt: now + delay, message });
    return delay;
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  isWaiting(key: string, now: number): boolean {
    return (this.#failures.get(key)?.retryAt ?? 0) > now;
  }

  /** The earliest time at which one of the keys may be tried again; undefined when none is waiting. */
  nextRetry(keys: Iterable<string>): number | undefined {
    let next: number | undefined;
    for (const key of keys) {
      const at = this.#failures.get(key)?.retryAt;
      if (at !== undefined && (next === undefined || at < next)) next = at;
    }
    return next;
  }

  failureOf(key: string): Failure | undefined {
    return this.#failures.get(key);
  }

  /** Forgets all: a new target deserves a fresh try. */
  clear(): void {
    this.#failures.clear();
  }
}
