import { expect, it } from "vitest";
import { systemClock } from "../clock.ts";
import { FOREVER_MS, Wake } from "./wake.ts";

it("returns for a ring before or during the wait, and for the signal", async () => {
  const wake = new Wake();
  const stop = new AbortController();
  wake.ring();
  wake.ring();
  await wake.wait(FOREVER_MS, systemClock, stop.signal);
  const rung = wake.wait(FOREVER_MS, systemClock, stop.signal);
  wake.ring();
  await rung;
  const stopped = wake.wait(FOREVER_MS, systemClock, stop.signal);
  stop.abort();
  expect(await stopped).toBeUndefined();
});
