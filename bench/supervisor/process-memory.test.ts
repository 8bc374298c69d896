import { expect, it } from "vitest";
import { quantile } from "./ping.ts";
import { cpuSecondsOf, memoryOf, parseCpuSeconds, parseRollup, peakAnonDuring } from "./process-memory.ts";

it("reads what the kernel tells of a process, in bytes and seconds", () => {
  const rollup =
    "5581e0 [rollup]\nRss:  70 kB\nPss:                3 kB\nAnonymous:          2 kB\nAnonHugePages: 9 kB\n";
  expect(parseRollup(rollup)).toEqual({ anon: 2048, pss: 3072 });
  const before = Array.from({ length: 11 }, () => "7").join(" ");
  expect(parseCpuSeconds(`12 (a (b) c) ${before} 250 50 1 1`)).toBe(3);
});

it("says so when a figure is not told", () => {
  expect(() => parseRollup("Pss: 3 kB\n")).toThrow("a process's Anonymous");
});

it("sees this process take memory and time, and the peak of what it gave back", async () => {
  const before = memoryOf(process.pid);
  let held: Buffer | undefined;
  const peak = await peakAnonDuring(process.pid, async () => {
    held = Buffer.alloc(64e6, 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
  });
  expect(held).toHaveLength(64e6);
  expect(peak - before.anon).toBeGreaterThan(50e6);
  expect(before.pss).toBeGreaterThan(before.anon);
  expect(cpuSecondsOf(process.pid)).toBeGreaterThan(0);
});

it("takes the value that a share of all does not exceed", () => {
  const values = Array.from({ length: 200 }, (_, at) => 200 - at);
  expect([quantile(values, 0.99), quantile(values, 0.5), quantile([4], 0.99)]).toEqual([198, 100, 4]);
});
