import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatTimestamp, parseHttpDate, parseTimestamp } from "./timestamp.ts";

describe("the kept time", () => {
  it("reads what it wrote, for every second until 9999", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
        expect(parseTimestamp(`${formatTimestamp(seconds)}\n`)).toBe(seconds);
      }),
    );
  });

  it.each(["", "2026-11-27", "2026-13-27 00:00:00", "2026-11-27 25:00:00", "\0\0\0", "2026-11-27 21:46:00 x"])(
    "makes nothing of %j",
    (text) => {
      expect(parseTimestamp(text)).toBeUndefined();
    },
  );
});

describe("an HTTP date", () => {
  it("is understood as servers send it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
        expect(parseHttpDate(` ${new Date(seconds * 1000).toUTCString()}`)).toBe(seconds);
      }),
    );
  });

  it.each(["", "now", "Fri, 27 Nov 2026 21:46:00", "Fri, 27 Foo 2026 21:46:00 GMT", "Fri, 27 Nov 2026 21:46:00 +0100"])(
    "is not %j",
    (text) => {
      expect(parseHttpDate(text)).toBeUndefined();
    },
  );
});
