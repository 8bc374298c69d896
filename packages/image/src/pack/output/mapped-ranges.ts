import { type FileHandle, open } from "node:fs/promises";
import type { GptPartition } from "../disk/gpt.ts";
import type { PartitionLabel } from "../disk/partition-table.ts";
import type { ImageTools } from "../image-tools.ts";

/** A run of bytes, [start, end). */
export type ByteRange = readonly [start: number, end: number];

const BLOCK = 4096;
/** Enough of an empty slot that no remains of a former filesystem's or hash tree's superblock are taken for one. */
const WIPED = 64 * 1024;
const ALIGNMENT = 1024 * 1024;

export type MappedRangesOptions = {
  readonly image: string;
  readonly imageSize: number;
  readonly partitions: readonly GptPartition[];
  /** Bytes of resin-rootA that the slot fills. */
  readonly slotSize: number;
  readonly tools: ImageTools;
};

/**
 * The parts of a disk image that must be written to a card, whatever the card held before: both partition tables, the
 * slot, and of each filesystem the blocks that it uses, zeros or not. What is a hole in the file says nothing about
 * that, and differs between the build machines' filesystems.
 */
export async function mappedRanges(options: MappedRangesOptions): Promise<ByteRange[]> {
  const { image, imageSize, partitions, slotSize, tools } = options;
  const ranges: ByteRange[] = [
    [0, ALIGNMENT],
    [imageSize - ALIGNMENT, imageSize],
  ];
  for (const { label, offset, size } of partitions) ranges.push(...shifted(await usedOf(label, offset, size), offset));
  return mergeRanges(ranges);

  function usedOf(label: string, offset: number, size: number): ByteRange[] | Promise<ByteRange[]> {
    switch (label as PartitionLabel) {
      case "resin-boot":
        return usedOfFat(image, offset);
      case "resin-rootA":
        return [[0, slotSize]];
      case "resin-rootB":
        return [[0, WIPED]];
      case "resin-state":
      case "resin-data":
        return usedOfExt4(image, offset, size, tools);
    }
  }
}

const shifted = (ranges: readonly ByteRange[], by: number): ByteRange[] =>
  ranges.map(([start, end]) => [start + by, end + by]);

/** Rounds ranges out to whole blocks, sorts and joins them. Pure. */
export function mergeRanges(ranges: readonly ByteRange[]): ByteRange[] {
  const merged: [number, number][] = [];
  const rounded = ranges
    .map(([start, end]): [number, number] => [Math.floor(start / BLOCK) * BLOCK, Math.ceil(end / BLOCK) * BLOCK])
    .filter(([start, end]) => start < end)
    .sort(([a], [b]) => a - b);
  for (const [start, end] of rounded) {
    const last = merged.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  return merged;
}

/** Reserved sectors, allocation tables and clusters in use of a FAT32 (Microsoft's specification of 2000). */
async function usedOfFat(image: string, offset: number): Promise<ByteRange[]> {
  await using handle = await open(image, "r");
  const boot = await readAt(handle, offset, 512);
  const sector = boot.readUInt16LE(11);
  const cluster = (boot[13] ?? 0) * sector;
  const tablesAt = boot.readUInt16LE(14) * sector;
  const [tables, tableSize] = [boot[16] ?? 0, boot.readUInt32LE(36) * sector];
  const dataAt = tablesAt + tables * tableSize;
  const table = await readAt(handle, offset + tablesAt, tableSize);
  const used: ByteRange[] = [[0, dataAt]];
  for (let index = 2; index < tableSize / 4; index += 1) {
    if ((table.readUInt32LE(index * 4) & 0x0fffffff) === 0) continue;
    used.push([dataAt + (index - 2) * cluster, dataAt + (index - 1) * cluster]);
  }
  return used;
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead !== length) throw new Error(`the image ends ${length - bytesRead} bytes early`);
  return buffer;
}

async function usedOfExt4(image: string, offset: number, size: number, tools: ImageTools): Promise<ByteRange[]> {
  // dumpe2fs, which lists runs of free blocks, takes no offset: it reads `?offset=` as a tag to look up.
  const { stdout } = await tools.run(["debugfs", "-R", `ffb ${size / BLOCK}`, `${image}?offset=${offset}`]);
  return usedBesidesFree(stdout, size);
}

/** The blocks that debugfs' list of free ones leaves. Exported for its test. Pure. */
export function usedBesidesFree(listing: string, size: number): ByteRange[] {
  if (!/^(Free blocks found:|No free blocks found)/m.test(listing)) throw new Error(`debugfs said: ${listing}`);
  const free = (/^Free blocks found:(.*)$/m.exec(listing)?.[1] ?? "").split(" ").filter((word) => word !== "");
  const used: ByteRange[] = [];
  let at = 0;
  for (const block of free.map(Number).sort((a, b) => a - b)) {
    const start = block * BLOCK;
    if (start > at) used.push([at, start]);
    at = start + BLOCK;
  }
  if (at < size) used.push([at, size]);
  return used;
}
