import { readdir, readFile } from "node:fs/promises";

/** A process that cannot be mistaken for a later one with the same number. */
export type ProcessIdentity = { readonly pid: number; readonly startTime: string };

type ProcessStat = ProcessIdentity & { readonly parent: number; readonly state: string; readonly threads: number };

/** Parses /proc/<pid>/stat; the name in parentheses may itself hold spaces and parentheses (proc(5)). */
export function parseStat(text: string): ProcessStat | undefined {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open < 0 || close < open) return undefined;
  const fields = text.slice(close + 2).split(" ");
  const [state, parent] = fields;
  const startTime = fields[19];
  if (state === undefined || parent === undefined || startTime === undefined) return undefined;
  const threads = Number(fields[17]);
  return { pid: Number(text.slice(0, open)), state, parent: Number(parent), startTime, threads };
}

/**
 * Whether a process ended and only waits to be collected. While other threads of a killed one are still ending, they hold
 * its files (a disk's lock), though its first thread is a zombie already.
 */
const hasEnded = ({ state, threads }: ProcessStat): boolean => state === "X" || (state === "Z" && threads <= 1);

async function readStat(pid: number | string): Promise<ProcessStat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return text === undefined ? undefined : parseStat(text);
}

/** The identity of a running process; undefined when it is gone or has ended and only waits to be collected. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readStat(pid);
  if (stat === undefined || hasEnded(stat)) return undefined;
  return { pid: stat.pid, startTime: stat.startTime };
}

/** Whether this very process still runs. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.startTime === identity.startTime;
}

/** The process and all that it started, parents before children. */
export async function processTree(root: number): Promise<ProcessIdentity[]> {
  const names = (await readdir("/proc")).filter((name) => /^[0-9]+$/.test(name));
  const stats = (await Promise.all(names.map(readStat))).filter((stat) => stat !== undefined);
  const tree: ProcessIdentity[] = [];
  let generation = stats.filter((stat) => stat.pid === root);
  while (generation.length > 0) {
    tree.push(...generation.filter((stat) => !hasEnded(stat)).map(({ pid, startTime }) => ({ pid, startTime })));
    const parents = new Set(generation.map((stat) => stat.pid));
    generation = stats.filter((stat) => parents.has(stat.parent));
  }
  return tree;
}
