import type { WriteLogEntry } from "./entry.ts";
import { seededRandom } from "./seeded-random.ts";

/** A part of an entry that reaches the disk. Lengths are bytes; `from` counts from the entry's beginning. */
export type ReplayStep = { readonly entry: WriteLogEntry; readonly from: number; readonly length: number };

export type ReplayOptions = {
  /** The power goes after this many entries of the log. */
  readonly upToEntry: number;
  /** Writes that no flush had secured are kept, lost or torn at a sector, as this seed decides. Without it, all are kept. */
  readonly dropUnflushedRandomly?: { readonly seed: number };
};

/** A disk writes at least this much at once: a sector is never torn. */
const ATOMIC_BYTES = 512;

/** How many entries at the beginning are on the medium for sure: all before the last flush. */
function securedEntries(entries: readonly WriteLogEntry[]): number {
  return Math.max(
    0,
    entries.findLastIndex((entry) => entry.flush),
  );
}

/**
 * Decides what a disk holds after its power was cut: every write before the last flush, those with forced unit access,
 * and of the rest what the seed says. Pure; the order of the log is kept, so that later writes win as on the disk.
 *
 * QEMU logs requests as they complete. A write that completed while a flush was under way counts as secured here; a
 * file system that relies on a flush has waited for its writes before.
 */
export function planReplay(entries: readonly WriteLogEntry[], options: ReplayOptions): ReplayStep[] {
  const seen = entries.slice(0, options.upToEntry);
  const secured = securedEntries(seen);
  const random =
    options.dropUnflushedRandomly === undefined ? undefined : seededRandom(options.dropUnflushedRandomly.seed);
  return seen.flatMap((entry, position) => {
    if (entry.length === 0) return [];
    const whole = { entry, from: 0, length: entry.length };
    if (random === undefined || position < secured || entry.fua) return [whole];
    const fate = random();
    if (fate < 1 / 3) return [];
    if (fate < 2 / 3 || entry.discard) return [whole];
    return tear(entry, random);
  });
}

/** Some of the sectors of a write, each kept or lost by itself; runs are joined. */
function tear(entry: WriteLogEntry, random: () => number): ReplayStep[] {
  const steps: ReplayStep[] = [];
  for (let from = 0; from < entry.length; from += ATOMIC_BYTES) {
    if (random() < 0.5) continue;
    const length = Math.min(ATOMIC_BYTES, entry.length - from);
    const last = steps.at(-1);
    if (last !== undefined && last.from + last.length === from) {
      steps[steps.length - 1] = { ...last, length: last.length + length };
    } else steps.push({ entry, from, length });
  }
  return steps;
}
