import { statfs } from "node:fs/promises";

/** Bytes that apps may still write to the filesystem of a path, and downloads should. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/** ext4 keeps so much for its own book-keeping, whoever asks: 2 %, 4096 blocks at most. */
const KERNELS_SHARE = 50;
const KERNELS_BLOCKS = 4096;

/** Bytes that the engine and the supervisor may still write: also what the filesystem holds back from apps. */
export async function bytesForUs(path: string): Promise<number> {
  const { bfree, blocks, bsize } = await statfs(path);
  return Math.max(0, bfree - Math.min(KERNELS_BLOCKS, Math.floor(blocks / KERNELS_SHARE))) * bsize;
}
