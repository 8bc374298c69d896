import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { endMarked, SUITE_MARK } from "./end-marked.ts";

export type LoggedRun = {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Both outputs go here. */
  readonly logFile: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
};

export type LoggedOutcome =
  | { readonly kind: "ended"; readonly status: number }
  | { readonly kind: "timed-out" }
  | { readonly kind: "not-started"; readonly reason: string };

/** After SIGTERM a suite may take this long to stop its virtual machines. */
const GRACE_MS = 10_000;

/**
 * Runs a program in a process group of its own and returns after all that it started is gone, also on timeout and abort.
 * @throws the signal's reason when aborted
 */
export async function runLogged(options: LoggedRun): Promise<LoggedOutcome> {
  const [program, ...args] = options.argv;
  await using log = await open(options.logFile, "w");
  const mark = randomUUID();
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...options.env, [SUITE_MARK]: mark },
    stdio: ["ignore", log.fd, log.fd],
    detached: true,
  });
  const closed = once(child, "close");
  // "close" never comes for a program that could not be started.
  const failed = new Promise<string>((resolve) => child.once("error", (error) => resolve(error.message)));
  let timedOut = false;
  let hardKill: NodeJS.Timeout | undefined;
  const stop = (): void => {
    killGroup(child.pid, "SIGTERM");
    hardKill ??= setTimeout(() => killGroup(child.pid, "SIGKILL"), GRACE_MS);
  };
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, options.timeoutMs);
  options.signal.addEventListener("abort", stop);
  try {
    const reason = await Promise.race([closed.then(() => undefined), failed]);
    if (reason !== undefined) return { kind: "not-started", reason };
    options.signal.throwIfAborted();
    return timedOut ? { kind: "timed-out" } : { kind: "ended", status: child.exitCode ?? 1 };
  } finally {
    clearTimeout(timer);
    clearTimeout(hardKill);
    options.signal.removeEventListener("abort", stop);
    // Whatever the suite left behind goes with it; virtual devices have left its group, to outlive the command that starts them.
    killGroup(child.pid, "SIGKILL");
    await endMarked(mark);
  }
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already.
  }
}
