import { expect, it } from "vitest";
import { parseRetryAfter } from "./retry-after.ts";

const NOW = Date.UTC(2026, 10, 28, 12, 0, 0);

it.each([
  ["30", 30_000],
  [" 0 ", 0],
  ["999999999", 3_600_000],
  ["Sat, 28 Nov 2026 12:01:00 GMT", 60_000],
  ["Sat, 28 Nov 2026 11:00:00 GMT", 0],
  ["soon", undefined],
  ["-5", undefined],
  ["", undefined],
  [undefined, undefined],
])("understands Retry-After: %s", (header, expected) => {
  expect(parseRetryAfter(header, NOW)).toBe(expected);
});
