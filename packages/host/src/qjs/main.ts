import type { Machine } from "../machine/machine.ts";
import { machine } from "./machine.ts";

/** Runs a program against the device; its result is the exit status. What it throws becomes one line and status 1. */
export function main(program: (machine: Machine, args: readonly string[]) => number): never {
  try {
    std.exit(program(machine, scriptArgs.slice(1)));
  } catch (error) {
    std.err.puts(`${error instanceof Error ? `${error.message}\n${error.stack ?? ""}` : String(error)}\n`);
    std.err.flush();
    std.exit(1);
  }
}
