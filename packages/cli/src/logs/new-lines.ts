import type { LogLine } from "./log-line.ts";

/** Lines that are remembered to tell which were shown: those of the past may come again in the stream that follows. */
const REMEMBERED = 10_000;

/** Lets every line through once, when what is read overlaps: the past, a stream, and the past again after a break. */
export class NewLines {
  readonly #newest = new Map<string, number>();
  readonly #seen = new Set<string>();

  /** Those that are new, in the order of their times. */
  take(lines: readonly LogLine[]): readonly LogLine[] {
    const known = new Map(this.#newest);
    const fresh = lines.filter((line) => {
      const identity = JSON.stringify([line.timestamp, line.source, line.message]);
      if (line.timestamp < (known.get(line.source) ?? 0) || this.#seen.has(identity)) return false;
      this.#remember(identity);
      this.#newest.set(line.source, Math.max(line.timestamp, this.#newest.get(line.source) ?? 0));
      return true;
    });
    return fresh.toSorted((a, b) => a.timestamp - b.timestamp);
  }

  #remember(identity: string): void {
    this.#seen.add(identity);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= REMEMBERED) break;
      this.#seen.delete(oldest);
    }
  }
}
