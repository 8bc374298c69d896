import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const cli = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url));

export type Outcome = { readonly status: number | null; readonly stdout: string; readonly stderr: string };
export type ProgramOptions = {
  readonly env?: Readonly<Record<string, string>>;
  /** What the program is started by: `unshare --net`, `bwrap …`. */
  readonly wrapper?: readonly string[];
  readonly cwd?: string;
  /** Another user may not reach this Node. */
  readonly node?: string;
  readonly onStart?: (pid: number) => void;
  /** Called with all that was said on standard output so far. */
  readonly onOutput?: (text: string) => void;
  /** Called with all that was said on standard error so far. */
  readonly onError?: (text: string, pid: number) => void;
};

/** Runs the real command line to its end. */
export const holdfast = (args: readonly string[], options: ProgramOptions = {}): Promise<Outcome> =>
  runProgram([cli, ...args], options);

/** Runs a program of ours with this Node to its end, whatever its status. */
export async function runProgram(args: readonly string[], options: ProgramOptions = {}): Promise<Outcome> {
  const { wrapper = [], env = {}, cwd, onError, onOutput, onStart, node = process.execPath } = options;
  const [program = process.execPath, ...rest] = [...wrapper, node, ...args];
  const child = spawn(program, rest, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    ...(cwd === undefined ? {} : { cwd }),
  });
  if (child.pid !== undefined) onStart?.(child.pid);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    onOutput?.(stdout);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    if (child.pid !== undefined) onError?.(stderr, child.pid);
  });
  const [status]: unknown[] = await once(child, "close");
  return { status: typeof status === "number" ? status : null, stdout, stderr };
}
