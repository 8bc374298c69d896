import { spawn } from "node:child_process";
import { open } from "node:fs/promises";
import { ProgramFailed, reproducibleEnv } from "../process/run.ts";

/**
 * Runs a program whose standard output is a new file: the kernel writes it, not a byte passes through this process.
 * @throws ProgramFailed; the spawn error when the program does not exist
 */
export async function runToFile(
  argv: readonly [string, ...string[]],
  file: string,
  signal?: AbortSignal,
): Promise<void> {
  const [program, ...args] = argv;
  await using output = await open(file, "wx");
  const child = spawn(program, args, {
    env: reproducibleEnv,
    stdio: ["ignore", output.fd, "pipe"],
    ...(signal === undefined ? {} : { signal }),
  });
  const errors: Buffer[] = [];
  child.stderr?.on("data", (chunk: Buffer) => errors.push(chunk));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code));
  });
  if (status !== 0) throw new ProgramFailed(argv, status, Buffer.concat(errors).toString());
}
