import { spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";

/** What a program cost: seconds on the clock, and seconds of CPU (user and system) of it and of all its descendants. */
export type Cost = { readonly wall: number; readonly cpu: number };

export type TimedRun = {
  readonly argv: readonly [string, ...string[]];
  /** Takes what the program says on standard error; its last lines stand in the error when it fails. */
  readonly logFile: string;
  /** Written by bash when the program has ended. */
  readonly timeFile: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly signal: AbortSignal;
};

/** Descendants count as soon as somebody has waited for them, as bubblewrap, mkosi and our own runner do. */
const TIMED = '{ TIMEFORMAT="%R %U %S"; time "$@" 2>&4; } 4>&2 2>"$0"';
const LAST_LINES = 5;

/**
 * Runs a program to its end by bash, whose `time` counts all descendants (getrusage gives Node only its own).
 * @throws Error with the end of the log when the program fails
 */
export async function timedRun(run: TimedRun): Promise<{ readonly cost: Cost; readonly stdout: string }> {
  await using log = await open(run.logFile, "w");
  const child = spawn("bash", ["-c", TIMED, run.timeFile, ...run.argv], {
    cwd: run.cwd,
    env: { ...(run.env ?? process.env), LC_ALL: "C.UTF-8" },
    stdio: ["ignore", "pipe", log.fd],
    // A group of its own, so that an interruption reaches what the program has started.
    detached: true,
  });
  const stop = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
  };
  run.signal.addEventListener("abort", stop, { once: true });
  const stdout: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    run.signal.throwIfAborted();
    if (status !== 0) throw new Error(`${run.argv[0]} ended with status ${status}: ${await lastLines(run.logFile)}`);
    return { cost: parseTimes(await readFile(run.timeFile, "utf8")), stdout: Buffer.concat(stdout).toString() };
  } finally {
    run.signal.removeEventListener("abort", stop);
  }
}

async function lastLines(file: string): Promise<string> {
  const lines = (await readFile(file, "utf8")).trim().split("\n");
  return lines.slice(-LAST_LINES).join(" | ").slice(-1_000);
}

/** Reads what bash's `time` wrote: seconds on the clock, of the user's code and of the kernel. Pure. */
export function parseTimes(text: string): Cost {
  const [wall, user, system] = (text.trim().split("\n").at(-1) ?? "").split(" ").map(Number);
  if (wall === undefined || user === undefined || system === undefined || Number.isNaN(wall + user + system))
    throw new Error(`bash's time wrote "${text}"`);
  return { wall, cpu: user + system };
}

/** For the progress of a benchmark. Pure. */
export const describeCost = ({ wall, cpu }: Cost): string => `${wall.toFixed(1)} s, ${cpu.toFixed(1)} s of CPU`;
