import { type ReadonlyTree, sizeOf } from "../../tree/entry.ts";

const BLOCK = 4096;
const MEBIBYTE = 1024 * 1024;
/** Room for what the first boot writes before the partition has grown. */
const SLACK = 32 * MEBIBYTE;
const JOURNAL_MAX = 64 * MEBIBYTE;
/** mke2fs refuses a journal of half the filesystem; a quarter leaves room for the content too. */
const JOURNAL_SHARE = 4;

/** How large a journal an ext4 of that size gets, in bytes: it does not grow later, so as large as it may be. */
export function journalSize(filesystemSize: number): number {
  return Math.min(JOURNAL_MAX, Math.floor(filesystemSize / JOURNAL_SHARE / MEBIBYTE) * MEBIBYTE);
}

/** Size of an ext4 partition that holds `tree`, at least `minimum`; a multiple of 4 MiB. */
export function dataSize(tree: ReadonlyTree | undefined, minimum: number): number {
  if (tree === undefined) return minimum;
  let content = 0;
  for (const entry of tree.values()) {
    content += BLOCK + (entry.type === "file" ? Math.ceil(sizeOf(entry.content) / BLOCK) * BLOCK : 0);
  }
  // Inode tables and descriptors are 2 %, reserved blocks 1 %, and the journal comes on top.
  const needed = content * 1.05 + JOURNAL_MAX + SLACK;
  return Math.max(minimum, Math.ceil(needed / (4 * MEBIBYTE)) * 4 * MEBIBYTE);
}
