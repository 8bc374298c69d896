import { expect, it } from "vitest";
import { formatBytes, formatDuration } from "./format-quantity.ts";

it.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [17_196_646, "16.4 MiB"],
])("formats %d bytes", (count, text) => expect(formatBytes(count)).toBe(text));

it.each([
  [420, "0.4 s"],
  [61_000, "61 s"],
  [185_400, "3:05 min"],
])("formats %d ms", (time, text) => expect(formatDuration(time)).toBe(text));
