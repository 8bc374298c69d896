import { setTimeout as pause } from "node:timers/promises";

/** How long a stopped program's processes may take to be gone. */
const GONE_MS = 5000;

/** Ends the process group that a program leads (it was started `detached`); returns when all of it is gone. */
export async function endGroup(leader: number | undefined): Promise<void> {
  if (leader === undefined) return;
  const until = performance.now() + GONE_MS;
  for (let name: NodeJS.Signals | 0 = "SIGTERM"; performance.now() < until; name = 0) {
    try {
      process.kill(-leader, name);
    } catch {
      return;
    }
    await pause(10);
  }
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // It went in the last moment.
  }
}
