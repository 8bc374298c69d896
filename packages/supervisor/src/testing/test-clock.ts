import type { Clock } from "../clock.ts";

/** A clock that does not wait: sleeping moves it on, after everything else that is ready has run. */
export function testClock(start = 1_000_000): Clock & { passed: () => number } {
  let now = start;
  return {
    now: () => now,
    monotonic: () => now - start,
    passed: () => now - start,
    sleep: async (ms, signal) => {
      // Several turns, so that steps under way come to their end first, as they would in real time.
      for (let turn = 0; turn < 20; turn += 1) {
        if (signal?.aborted === true) return;
        await new Promise((resolve) => setImmediate(resolve));
      }
      now += ms;
    },
  };
}
