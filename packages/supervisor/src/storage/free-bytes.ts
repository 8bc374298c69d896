import { statfs } from "node:fs/promises";

/** Bytes that may still be written to the filesystem of a path. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
