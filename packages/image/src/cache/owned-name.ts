import { randomBytes } from "node:crypto";
import { existsSync, readlinkSync } from "node:fs";

/** What nobody has touched for this long is given up, wherever its maker ran. */
const ABANDONED_MS = 6 * 60 * 60 * 1000;

/** Numbers of processes mean something only among those that share the number's namespace: a container has its own. */
const namespace = ((): string => {
  try {
    return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0";
  } catch {
    return "0";
  }
})();

/** A fresh name that says which process it belongs to: what a process that was killed leaves is found by it. */
export function ownedName(prefix: string): string {
  return `${prefix}${namespace}-${process.pid}-${randomBytes(6).toString("hex")}`;
}

/** Whether the process that an owned name names is gone, or nobody has touched the thing for hours. */
export function isAbandoned(name: string, prefix: string, touchedMs: number, now = Date.now()): boolean {
  if (touchedMs < now - ABANDONED_MS) return true;
  const [ofNamespace, pid] = name.slice(prefix.length).split("-");
  return ofNamespace === namespace && /^\d+$/.test(pid ?? "") && !existsSync(`/proc/${pid}`);
}
