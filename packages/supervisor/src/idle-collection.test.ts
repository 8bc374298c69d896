import { mib } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { collectWhenIdle } from "./idle-collection.ts";

/** Runs through one look after the other: what the process takes of ten seconds, and how its heap grows meanwhile. */
async function collectionsAt(
  looks: readonly { readonly cpuMs: number; readonly grownMib: number }[],
): Promise<number[]> {
  const stop = new AbortController();
  const collections: number[] = [];
  let [at, now, cpu] = [-1, 0, 0];
  let heap: number = mib(10);
  const sleep = async (ms: number): Promise<void> => {
    at += 1;
    const look = looks[at];
    if (look === undefined) return stop.abort();
    now += ms;
    cpu += look.cpuMs;
    heap += mib(look.grownMib);
  };
  const collect = (): void => {
    collections.push(at);
    heap = mib(10);
  };
  const clock = { monotonic: () => now, sleep };
  await collectWhenIdle({ clock, cpuMs: () => cpu, heapBytes: () => heap, collect }, stop.signal);
  return collections;
}
const busy = { cpuMs: 5000, grownMib: 5 };
const idle = { cpuMs: 10, grownMib: 0 };

it("collects once work is over, and not again while nothing happens", async () => {
  expect(await collectionsAt([busy, busy, idle, idle, idle, idle, idle])).toEqual([2]);
});

it("leaves a busy process to V8", async () => {
  expect(await collectionsAt([busy, busy, busy])).toEqual([]);
});

it("collects what gathers slowly, but not without a rest between", async () => {
  const slow = { cpuMs: 10, grownMib: 2 };
  expect(await collectionsAt([slow, slow, slow, slow, slow, slow, slow])).toEqual([0, 3, 6]);
});
