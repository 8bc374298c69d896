import { expect, it } from "vitest";
import { Backoff } from "./backoff.ts";

it("doubles from a second up to the limit", () => {
  const backoff = new Backoff(10_000, () => 0);
  const delays = Array.from({ length: 6 }, () => backoff.failed("a", 0, "no"));
  expect(delays).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
  expect(backoff.isWaiting("a", 9999)).toBe(true);
  expect(backoff.isWaiting("a", 10_000)).toBe(false);
});

it("spreads delays, keeps keys apart and forgets a success", () => {
  const backoff = new Backoff(10_000, () => 1);
  expect(backoff.failed("a", 0, "no")).toBe(750);
  expect(backoff.isWaiting("b", 0)).toBe(false);
  expect(backoff.nextRetry(["a", "b"])).toBe(750);
  backoff.succeeded("a");
  expect(backoff.nextRetry(["a", "b"])).toBeUndefined();
  expect(backoff.failureOf("a")).toBeUndefined();
});
