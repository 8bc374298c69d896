import type { Machine } from "../../machine/machine.ts";
import { saidBy } from "../probe/answer-of.ts";
import { type Answers, type Probe, shellProbe } from "../probe/probe.ts";

export type Memory = {
  readonly totalBytes: number;
  readonly availableBytes: number;
  /** Processes that the kernel has killed since the boot because memory had run out. */
  readonly kills: number;
  /** Names of those that the journal still knows. */
  readonly killed: readonly string[];
};
/** What the kernel's journal says of disks that failed. */
export type IoErrors = { readonly count: number; readonly disks: readonly string[] };

const PATTERNS = "Killed process [0-9]+|I/O error, dev ";
/** Only lines of interest leave the journal, and only so many. */
const KERNEL_LINES = `journalctl --dmesg --boot --output=cat --quiet --no-pager | grep -E '${PATTERNS}' | tail -n 200`;

export const kernelProbes: readonly Probe[] = [shellProbe("kernel-log", KERNEL_LINES)];

/** Names of processes that the kernel killed for their memory, each once. Pure. */
export const parseKilled = (log: string): readonly string[] => [
  ...new Set([...log.matchAll(/Killed process \d+ \(([^)]*)\)/g)].map(([, name = ""]) => name)),
];

/** Pure. */
export function parseIoErrors(log: string): IoErrors {
  const disks = [...log.matchAll(/I\/O error, dev ([\w-]+)/g)].map(([, disk = ""]) => disk);
  return { count: disks.length, disks: [...new Set(disks)] };
}

/** @throws when the kernel does not tell how much memory there is */
export function readMemory(answers: Answers, machine: Machine): Memory {
  const figures = machine.readText("/proc/meminfo") ?? "";
  const bytes = (name: string): number => {
    const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(figures)?.[1];
    if (kib === undefined) throw new Error(`/proc/meminfo says nothing of ${name}`);
    return Number(kib) * 1024;
  };
  return {
    totalBytes: bytes("MemTotal"),
    availableBytes: bytes("MemAvailable"),
    kills: Number(/^oom_kill (\d+)$/m.exec(machine.readText("/proc/vmstat") ?? "")?.[1] ?? 0),
    // The count stands without the journal; it only lacks names then.
    killed: parseKilled(saidBy(answers, "kernel-log") ?? ""),
  };
}

/** @throws when the journal does not answer */
export function readIoErrors(answers: Answers): IoErrors {
  const log = saidBy(answers, "kernel-log");
  if (log === undefined) throw new Error("the kernel's journal cannot be read");
  return parseIoErrors(log);
}
