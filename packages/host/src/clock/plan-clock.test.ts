import fc from "fast-check";
import { expect, it } from "vitest";
import { isPlausible, planClock } from "./plan-clock.ts";

const RELEASE = 1_795_392_000;
const YEAR = 366 * 86_400;
const plan = (readings: Partial<Parameters<typeof planClock>[0]>) =>
  planClock({ system: 0, release: RELEASE, kept: undefined, chips: [], ...readings });

it("begins at the release on the first boot of a device without a clock chip", () => {
  expect(plan({})).toEqual({ time: RELEASE, from: "release" });
});

it("goes on where the clock stopped", () => {
  expect(plan({ kept: RELEASE + 5000 })).toEqual({ time: RELEASE + 5000, from: "kept" });
});

it("keeps a system clock that is ahead of everything", () => {
  expect(plan({ system: RELEASE + 9000, kept: RELEASE + 5000 }).from).toBe("system");
});

it("follows the chip that is ahead, and none that lost its battery", () => {
  expect(plan({ kept: RELEASE + 5000, chips: [0, RELEASE + 7000] })).toEqual({ time: RELEASE + 7000, from: "chip" });
  expect(plan({ kept: RELEASE + 5000, chips: [946_684_800] }).from).toBe("kept");
});

it("does not believe a clock from beyond a device's life, nor what it made us keep", () => {
  const broken = RELEASE + 60 * YEAR;
  expect(plan({ system: broken, chips: [broken], kept: RELEASE + 5000 })).toEqual({
    time: RELEASE + 5000,
    from: "kept",
  });
  expect(plan({ system: broken, kept: broken })).toEqual({ time: RELEASE, from: "release" });
});

it("follows a newer release's time after an update of a device that was off for long", () => {
  expect(plan({ kept: RELEASE - YEAR, system: RELEASE - YEAR }).time).toBe(RELEASE);
});

it("never turns a plausible clock back, and always ends plausible", () => {
  const time = fc.oneof(fc.integer({ min: -1, max: 2 ** 33 }), fc.constant(Number.NaN));
  fc.assert(
    fc.property(time, fc.option(time, { nil: undefined }), fc.array(time), (system, kept, chips) => {
      const planned = plan({ system, kept, chips }).time;
      expect(isPlausible(planned, RELEASE)).toBe(true);
      if (isPlausible(system, RELEASE)) expect(planned).toBeGreaterThanOrEqual(system);
      if (kept !== undefined && isPlausible(kept, RELEASE)) expect(planned).toBeGreaterThanOrEqual(kept);
    }),
  );
});
