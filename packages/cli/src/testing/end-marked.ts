import { readdir, readFile } from "node:fs/promises";

/** The variable that all processes of a suite inherit, also those that left its process group (QEMU, engines). */
export const SUITE_MARK = "HOLDFAST_SUITE";

/** Kills every process of this machine that carries the mark, until there is none; those of other users are not ours. */
export async function endMarked(mark: string): Promise<void> {
  for (let found = await marked(mark); found.length > 0; found = await marked(mark)) {
    for (const pid of found) kill(pid);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function marked(mark: string): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const entry = `${SUITE_MARK}=${mark}`;
  const carries = async (pid: number): Promise<boolean> => {
    // Gone meanwhile, or somebody else's. A zombie's environment is empty.
    const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
    return pid !== process.pid && environment.split("\0").includes(entry);
  };
  const answers = await Promise.all(pids.map(carries));
  return pids.filter((_, at) => answers[at]);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself in the meantime.
  }
}
