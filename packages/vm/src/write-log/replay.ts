import { type FileHandle, open } from "node:fs/promises";
import type { ToolCommand } from "@holdfast/contracts";
import { copyAsRaw } from "../lifecycle/disk-files.ts";
import type { WriteLogEntry } from "./entry.ts";
import { planReplay, type ReplayOptions, type ReplayStep } from "./plan-replay.ts";
import { readWriteLog } from "./read-write-log.ts";

/** Discards and copies go through a buffer of this size. */
const CHUNK_BYTES = 1024 * 1024;

async function copyRange(
  from: FileHandle,
  source: number,
  to: FileHandle,
  target: number,
  length: number,
): Promise<void> {
  const buffer = Buffer.alloc(Math.min(length, CHUNK_BYTES));
  for (let done = 0; done < length; ) {
    const { bytesRead } = await from.read(buffer, 0, Math.min(buffer.length, length - done), source + done);
    if (bytesRead === 0) throw new Error("the log of writes became shorter while it was read");
    await to.write(buffer, 0, bytesRead, target + done);
    done += bytesRead;
  }
}

/** Zeros a range, but leaves alone what is zero already: a disk is mostly discarded as a whole, and its image is sparse. */
async function zeroRange(file: FileHandle, offset: number, length: number): Promise<void> {
  const zeros = Buffer.alloc(Math.min(length, CHUNK_BYTES));
  const found = Buffer.alloc(zeros.length);
  for (let done = 0; done < length; done += zeros.length) {
    const part = Math.min(zeros.length, length - done);
    const { bytesRead } = await file.read(found, 0, part, offset + done);
    if (bytesRead === part && found.compare(zeros, 0, part, 0, part) === 0) continue;
    await file.write(zeros, 0, part, offset + done);
  }
}

/** Applies a plan to a raw disk image in place. What was discarded reads as zeros. */
export async function applyReplay(logPath: string, steps: readonly ReplayStep[], image: string): Promise<void> {
  await using log = await open(logPath);
  await using target = await open(image, "r+");
  for (const { entry, from, length } of steps) {
    if (entry.dataAt === undefined) await zeroRange(target, entry.offset + from, length);
    else await copyRange(log, entry.dataAt + from, target, entry.offset + from, length);
  }
}

export type Replay = ReplayOptions & {
  readonly tools: ToolCommand;
  /** The log of writes. */
  readonly log: string;
  /** What the disk held when the log began. */
  readonly baseImage: { readonly path: string; readonly format: "raw" | "qcow2" };
  /** The raw image to be made. */
  readonly output: string;
};

/**
 * Makes the disk as a power cut after `upToEntry` entries would leave it. The same options give the same image.
 * @throws HoldfastError `vm.invalid-write-log`, `vm.tool-failed`.
 */
export async function replay(options: Replay): Promise<readonly ReplayStep[]> {
  const entries: WriteLogEntry[] = [];
  for await (const entry of readWriteLog(options.log)) {
    if (entry.index >= options.upToEntry) break;
    entries.push(entry);
  }
  const steps = planReplay(entries, options);
  await copyAsRaw(options.tools, options.baseImage.path, options.baseImage.format, options.output);
  await applyReplay(options.log, steps, options.output);
  return steps;
}
