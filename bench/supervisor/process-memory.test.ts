import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
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

/** Takes 64 MB when a line comes, and gives them back with the next one. A heap of its own: this one has room that it took before. */
const GREEDY = `
  let held;
  require("node:readline").createInterface({ input: process.stdin }).on("line", () => {
    held = held === undefined ? Buffer.alloc(64e6, 1) : null;
    if (held === null) gc();
    console.log(held === null ? "given back" : "taken");
  });
  console.log("ready");
`;

it("sees a process take memory and time, and the peak of what it gave back", async () => {
  const child = spawn(process.execPath, ["--expose-gc", "-e", GREEDY]);
  const words = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const say = async (line: string): Promise<unknown> => {
    child.stdin.write(line);
    return (await words.next()).value;
  };
  const pid = child.pid ?? 0;
  try {
    expect(await say("")).toBe("ready");
    const before = memoryOf(pid);
    const peak = await peakAnonDuring(pid, async () => {
      expect(await say("\n")).toBe("taken");
      await sleep(100);
      expect(await say("\n")).toBe("given back");
    });
    expect(peak - before.anon).toBeGreaterThan(60e6);
    expect(memoryOf(pid).anon - before.anon).toBeLessThan(30e6);
    expect(before.pss).toBeGreaterThan(before.anon);
    expect(cpuSecondsOf(pid)).toBeGreaterThan(0);
  } finally {
    child.kill();
  }
});

it("takes the value that a share of all does not exceed", () => {
  const values = Array.from({ length: 200 }, (_, at) => 200 - at);
  expect([quantile(values, 0.99), quantile(values, 0.5), quantile([4], 0.99)]).toEqual([198, 100, 4]);
});
