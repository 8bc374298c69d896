import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { endGroup } from "./end-group.ts";

export type RunOptions = {
  readonly cwd?: string;
  /** The whole environment of the program; nothing is inherited. Defaults to a fixed, reproducible one. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the program reads; without it, standard input is empty. */
  readonly input?: Readable | Uint8Array;
  /** The same in blocks, of which one is asked for when the program has taken the one before. */
  readonly inputBlocks?: Iterable<Uint8Array>;
  /** Write standard output to this file instead of returning it. */
  readonly outputFile?: string;
  readonly signal?: AbortSignal;
  /** Called with each line of standard error as it appears. */
  readonly onErrorLine?: (line: string) => void;
};

export type RunResult = { readonly stdout: string; readonly stderr: string };

/** A program ended with another status than 0. */
export class ProgramFailed extends Error {
  readonly argv: readonly string[];
  readonly status: number | null;
  readonly stderr: string;
  constructor(argv: readonly string[], status: number | null, stderr: string) {
    super(`${argv[0]} ended with status ${status}: ${stderr.trim().split("\n").slice(-3).join(" | ")}`);
    this.name = "ProgramFailed";
    this.argv = argv;
    this.status = status;
    this.stderr = stderr;
  }
}

/** Same locale, time zone and paths on every machine, so that outputs do not depend on who builds. */
export const reproducibleEnv: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C.UTF-8",
  TZ: "UTC",
  HOME: "/nonexistent",
  SOURCE_DATE_EPOCH: "0",
};

/**
 * Runs a program to its end. It gets a process group of its own, so that stopping it stops all that it started: of
 * bubblewrap's two processes, killing the first right after the start would leave the second waiting for ever.
 * @throws ProgramFailed when it ends with another status than 0; the spawn error (ENOENT) when it cannot start; the
 * signal's reason, once all its processes are gone
 */
export async function run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
  const [program, ...args] = argv;
  const { signal } = options;
  signal?.throwIfAborted();
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...(options.env ?? reproducibleEnv) },
    stdio: [options.input === undefined && options.inputBlocks === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    detached: true,
  });
  const status = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    const stop = (): void => void endGroup(child.pid).then(() => reject(signal?.reason));
    signal?.addEventListener("abort", stop, { once: true });
    child.once("close", (code) => {
      if (signal?.aborted === true) return;
      signal?.removeEventListener("abort", stop);
      resolve(code);
    });
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const work: Promise<unknown>[] = [status];
  let rest = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr.push(chunk);
    if (options.onErrorLine === undefined) return;
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) options.onErrorLine(line);
  });
  if (child.stdout !== null) {
    if (options.outputFile === undefined) child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    else work.push(pipeline(child.stdout, createWriteStream(options.outputFile)));
  }
  if (child.stdin !== null && options.input !== undefined) {
    // A program that stops reading early closes the pipe; its exit status says whether that was an error.
    child.stdin.on("error", () => {});
    if (options.input instanceof Uint8Array) child.stdin.end(options.input);
    else options.input.pipe(child.stdin);
  }
  if (child.stdin !== null && options.inputBlocks !== undefined)
    work.push(
      writeBlocks(child.stdin, options.inputBlocks).catch((cause) =>
        endGroup(child.pid).then(() => Promise.reject(cause)),
      ),
    );
  await Promise.all(work);
  const code = await status;
  const errorText = Buffer.concat(stderr).toString();
  if (code !== 0) throw new ProgramFailed(argv, code, errorText);
  return { stdout: Buffer.concat(stdout).toString(), stderr: errorText };
}

/** Returns when the program has taken all, or takes no more: its exit status says whether that was an error. */
async function writeBlocks(input: Writable, blocks: Iterable<Uint8Array>): Promise<void> {
  input.on("error", () => {});
  for (const block of blocks) {
    const taken = await new Promise<boolean>((resolve) => input.write(block, (failure) => resolve(failure == null)));
    if (!taken) return;
  }
  input.end();
}
