/** Seconds since 1970, from everything that knows something about the time. */
export type ClockReadings = {
  /** What the system's clock says now: the kernel set it from a clock chip, or it began at the release. */
  readonly system: number;
  /** When this release of the OS was made. */
  readonly release: number;
  /** What the clock said when it was last kept. */
  readonly kept: number | undefined;
  /** What clock chips say. Those without a battery say anything. */
  readonly chips: readonly number[];
};

export type ClockPlan = { readonly time: number; readonly from: "release" | "kept" | "chip" | "system" };

/** A device outlives its release by years, but not by twenty: a clock that says so is broken. */
const LONGEST_LIFE_SECONDS = 20 * 365.25 * 86_400;

/** Whether a device of that release can meet this time. */
export const isPlausible = (time: number, release: number): boolean =>
  Number.isFinite(time) && time >= release && time < release + LONGEST_LIFE_SECONDS;

/**
 * The time to go on with: the latest that is plausible, so the clock only moves forward. Never before the release; a
 * system clock from beyond a device's life is the one that is turned back. Pure.
 */
export function planClock({ system, release, kept, chips }: ClockReadings): ClockPlan {
  const candidates: readonly ClockPlan[] = [
    { time: system, from: "system" },
    ...(kept === undefined ? [] : [{ time: kept, from: "kept" } as const]),
    ...chips.map((time) => ({ time, from: "chip" }) as const),
  ];
  return candidates
    .filter(({ time }) => isPlausible(time, release))
    .reduce((best, each) => (each.time > best.time ? each : best), { time: release, from: "release" } as ClockPlan);
}
