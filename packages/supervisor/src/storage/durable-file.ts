import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Replaces a file so that after a power cut there is the old or the new content, never a mix: temporary file, flush,
 * rename, flush of the directory. Returns when it is on the disk.
 */
export async function writeDurably(path: string, content: string): Promise<void> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true });
  const temporary = `${path}.new`;
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncDirectory(directory);
}

/**
 * Makes a file what it should be; undefined: there is none. What is so already is not written, for the flash's sake.
 * Returns when it is on the disk.
 */
export async function replaceDurably(path: string, content: string | undefined): Promise<void> {
  if ((await readIfThere(path)) === content) return;
  if (content !== undefined) return writeDurably(path, content);
  await rm(path);
  await syncDirectory(dirname(path));
}

/** Flushes the names in a directory. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** The content of a file, or undefined when there is none. Other errors are thrown. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether an error of the file system says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
