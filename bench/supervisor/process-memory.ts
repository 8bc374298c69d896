import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Bytes of one process. */
export type MemoryUse = {
  /** What only it has and no file backs: what a device without swap cannot get back. */
  readonly anon: number;
  /** With its share of the pages of files, which the kernel can drop. */
  readonly pss: number;
};

const KIB = 1024;
/** Of Linux's clock in /proc, on every architecture of ours. */
const TICKS_PER_SECOND = 100;
/** Between two looks at a process whose peak is wanted. */
const LOOK_MS = 20;

/** Reads a /proc/PID/smaps_rollup. Pure. @throws when it lacks a figure */
export function parseRollup(text: string): MemoryUse {
  return { anon: kib(text, "Anonymous"), pss: kib(text, "Pss") };
}

function kib(text: string, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1];
  if (found === undefined) throw new Error(`the kernel does not tell a process's ${field}`);
  return Number(found) * KIB;
}

export const memoryOf = (pid: number): MemoryUse => parseRollup(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));

/** Seconds of CPU that a process has taken, from its /proc/PID/stat. Pure. */
export function parseCpuSeconds(stat: string): number {
  // The name in brackets may hold spaces; user and system time are the 14th and 15th field of all.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

export const cpuSecondsOf = (pid: number): number => parseCpuSeconds(readFileSync(`/proc/${pid}/stat`, "utf8"));

/** The most anonymous memory that a process had while the work was done. */
export async function peakAnonDuring(pid: number, work: () => Promise<void>): Promise<number> {
  const done = new AbortController();
  let peak = 0;
  const look = async (): Promise<void> => {
    while (!done.signal.aborted) {
      peak = Math.max(peak, kib(readFileSync(`/proc/${pid}/status`, "utf8"), "RssAnon"));
      await sleep(LOOK_MS);
    }
  };
  const looking = look();
  try {
    await work();
  } finally {
    done.abort();
    await looking;
  }
  return peak;
}
