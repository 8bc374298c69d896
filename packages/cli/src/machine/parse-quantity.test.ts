import { expect, it } from "vitest";
import { parseCount, parseSize } from "./parse-quantity.ts";

it.each([
  ["8G", 8 * 2 ** 30],
  ["1536m", 1536 * 2 ** 20],
  ["512", 512],
  ["2GiB", 2 ** 31],
])("reads %s", (text, size) => expect(parseSize("disk-size", text)).toBe(size));

it.each(["", "G", "8X", "-1", "1.5G", "0"])("refuses '%s' and names the option", (text) => {
  expect(() => parseSize("disk-size", text)).toThrow(/--disk-size/);
});

it("reads counts", () => {
  expect(parseCount("jobs", "12")).toBe(12);
  for (const wrong of ["0", "-1", "1.5", "100", "two"]) expect(() => parseCount("jobs", wrong)).toThrow(/--jobs/);
});
