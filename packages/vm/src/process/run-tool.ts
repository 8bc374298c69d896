import { spawn } from "node:child_process";
import type { ToolCommand } from "@holdfast/contracts";

export type ToolResult = { readonly stdout: string; readonly stderr: string; readonly status: number | null };

export type RunToolOptions = {
  readonly input?: string | Uint8Array;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
};

/**
 * Runs a program of the tools tree to its end and returns whatever it said, whatever its status (null: a signal ended
 * it, e.g. after the timeout). It gets a process group of its own, so that stopping it stops all that it started: of
 * bubblewrap's two processes, killing the first right after the start would leave the second waiting for ever.
 * @throws the spawn error when it cannot be started; the signal's reason, once its processes are gone
 */
export async function runTool(
  tools: ToolCommand,
  argv: readonly [string, ...string[]],
  options: RunToolOptions = {},
): Promise<ToolResult> {
  const { signal } = options;
  signal?.throwIfAborted();
  const [program, ...args] = tools(argv);
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], detached: true });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  // A program that stops reading early closes the pipe; its status says whether that was an error.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input);
  const stop = (): void => killGroup(child.pid);
  const timer = options.timeoutMs === undefined ? undefined : setTimeout(stop, options.timeoutMs);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    // "close" comes when no process has the outputs open any more.
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(code));
    });
    signal?.throwIfAborted();
    return { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString(), status };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

function killGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // It ended by itself in the meantime.
  }
}
