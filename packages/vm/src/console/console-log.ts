import { open, stat } from "node:fs/promises";
import type { Vm } from "../record.ts";
import { lastLines } from "./plain-text.ts";

/** Enough for 40 long lines with colours. */
const TAIL_BYTES = 64 * 1024;

/** Reads the console's log from a place on. An absent log is an empty one: nothing was printed yet. */
export async function readConsole(path: string, from: number): Promise<Buffer> {
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  if (size <= from) return Buffer.alloc(0);
  await using file = await open(path);
  const buffer = Buffer.alloc(size - from);
  const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
  return buffer.subarray(0, bytesRead);
}

/** Where the console's log ends now; what `waitForConsole` takes as `from` to look at later output only. */
export async function consoleEnd(vm: Pick<Vm, "consoleLog">): Promise<number> {
  return (await stat(vm.consoleLog).catch(() => undefined))?.size ?? 0;
}

/** The last lines of the device's console in its present run. */
export async function consoleTail(vm: Pick<Vm, "consoleLog" | "consoleStart">, lines = 40): Promise<string[]> {
  const from = Math.max(vm.consoleStart, (await consoleEnd(vm)) - TAIL_BYTES);
  return lastLines(await readConsole(vm.consoleLog, from), lines);
}
