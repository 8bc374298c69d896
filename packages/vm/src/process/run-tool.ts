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
 * it, e.g. after the timeout). Throws when it cannot be started or the signal is aborted.
 */
export async function runTool(
  tools: ToolCommand,
  argv: readonly [string, ...string[]],
  options: RunToolOptions = {},
): Promise<ToolResult> {
  const [program, ...args] = tools(argv);
  const child = spawn(program, args, {
    stdio: ["pipe", "pipe", "pipe"],
    signal: options.signal,
    killSignal: "SIGKILL",
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  // A program that stops reading early closes the pipe; its status says whether that was an error.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code));
  });
  return { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString(), status };
}
