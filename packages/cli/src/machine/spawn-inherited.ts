import { spawn } from "node:child_process";
import { once } from "node:events";

/**
 * Runs a program on this terminal and returns its exit status. Ctrl-C belongs to that program meanwhile; ours is aborted
 * by `signal` only, which ends the program too.
 */
export async function spawnInherited(argv: readonly [string, ...string[]], signal: AbortSignal): Promise<number> {
  const [program, ...args] = argv;
  const child = spawn(program, args, { stdio: "inherit", signal });
  const [status] = await once(child, "close");
  return typeof status === "number" ? status : 1;
}
