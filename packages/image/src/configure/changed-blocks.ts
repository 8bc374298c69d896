import { type FileHandle, open } from "node:fs/promises";
import { dataRuns } from "../pack/disk/copy-sparse.ts";

const STEP = 1024 * 1024;
const BLOCK = 4096;

async function readFully(handle: FileHandle, buffer: Buffer, length: number, position: number): Promise<void> {
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) throw new Error(`it ends ${length - filled} bytes early`);
    filled += bytesRead;
  }
}

/** Copies a region of a disk into a file of its own, with holes for zeros. */
export async function copyRegion(disk: FileHandle, region: Region, target: string): Promise<void> {
  await using to = await open(target, "w");
  await to.truncate(region.size);
  const buffer = Buffer.allocUnsafe(STEP);
  for (let at = 0; at < region.size; at += STEP) {
    const length = Math.min(STEP, region.size - at);
    await readFully(disk, buffer, length, region.offset + at);
    for (const [start, end] of dataRuns(buffer.subarray(0, length)))
      await to.write(buffer, start, end - start, at + start);
  }
}

export type Region = { readonly offset: number; readonly size: number };

/**
 * Writes back what differs between the copy of a region and the disk, in blocks; returns after the disk is flushed.
 * @returns how many bytes were written
 */
export async function writeBackRegion(disk: FileHandle, region: Region, copy: string): Promise<number> {
  await using from = await open(copy, "r");
  const [fresh, former] = [Buffer.allocUnsafe(STEP), Buffer.allocUnsafe(STEP)];
  let written = 0;
  for (let at = 0; at < region.size; at += STEP) {
    const length = Math.min(STEP, region.size - at);
    await readFully(from, fresh, length, at);
    await readFully(disk, former, length, region.offset + at);
    for (let start = 0; start < length; start += BLOCK) {
      const end = Math.min(start + BLOCK, length);
      if (fresh.compare(former, start, end, start, end) === 0) continue;
      await disk.write(fresh, start, end - start, region.offset + at + start);
      written += end - start;
    }
  }
  await disk.sync();
  return written;
}
