/** How often something was tried at the server, and when it went well last. */
export class Attempts {
  good = 0;
  failed = 0;
  #lastGoodAt: number | undefined;

  /** `now`: milliseconds of a clock that is never set. */
  succeeded(now: number): void {
    this.good += 1;
    this.#lastGoodAt = now;
  }

  fail(): void {
    this.failed += 1;
  }

  /** Seconds since it went well last; undefined when it never did. */
  ageSeconds(now: number): number | undefined {
    return this.#lastGoodAt === undefined ? undefined : (now - this.#lastGoodAt) / 1000;
  }
}
