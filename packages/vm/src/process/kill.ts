import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, type ProcessIdentity, processTree } from "./identity.ts";

const POLL_MS = 20;

/** Resolves when none of the processes runs any more, or with false after the time is over. */
export async function waitUntilGone(processes: readonly ProcessIdentity[], timeoutMs: number): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const alive = await Promise.all(processes.map(isAlive));
    if (!alive.includes(true)) return true;
    if (performance.now() > end) return false;
    await sleep(POLL_MS);
  }
}

/**
 * Kills the processes and all that they started, and returns when they are gone. A sandbox around a program may or may
 * not pass a signal on, so each is killed by itself.
 */
export async function killProcesses(processes: readonly ProcessIdentity[]): Promise<void> {
  const all = new Map<number, ProcessIdentity>();
  for (const identity of processes) {
    if (!(await isAlive(identity))) continue;
    for (const member of await processTree(identity.pid)) all.set(member.pid, member);
  }
  for (const { pid } of all.values()) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      // It ended by itself in the meantime.
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }
  while (!(await waitUntilGone([...all.values()], 10_000))) {
    // A process in an uninterruptible wait goes when its disk answers; nothing else can be done about it.
  }
}
