import { existsSync } from "node:fs";
import { lstat, mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { reportDiskFull } from "./disk-full.ts";
import { isAbandoned, ownedName } from "./owned-name.ts";

/** Directories handed out by this process: pruning must not take them away. */
const inUse = new Set<string>();
/** How names of what is being made begin; see `ownedName`. */
export const TEMPORARY = ".making-";
/** stat(2) counts in these, whatever the filesystem. */
const BLOCK = 512;

/**
 * Returns `directory`, made by `build` if it does not exist. The builder fills a temporary neighbour that is renamed when
 * complete: whoever sees the directory sees all of it, and of two concurrent builders the first to finish wins.
 * @throws `image.disk-full`, and whatever `build` throws; nothing half-made stays
 */
export async function buildOnce(directory: string, build: (temporary: string) => Promise<void>): Promise<string> {
  inUse.add(directory);
  if (existsSync(directory)) {
    await markUsed(directory);
    return directory;
  }
  return reportDiskFull(directory, async () => {
    const temporary = path.join(path.dirname(directory), ownedName(TEMPORARY));
    try {
      await mkdir(temporary, { recursive: true });
      await build(temporary);
      await renameUnlessThere(temporary, directory);
      return directory;
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
}

async function renameUnlessThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (thrown) {
    // Another builder was faster; both made the same thing from the same inputs.
    if (!existsSync(to)) throw thrown;
  }
}

/** Pruning goes by the time of last use. A cache that is shared read-only still serves. */
async function markUsed(directory: string): Promise<void> {
  const now = new Date();
  await utimes(directory, now, now).catch(() => {});
}

export type PruneLimits = {
  /** So many are kept at most. */
  readonly count: number;
  /** What is kept takes so many bytes of the disk at most, but the last used one stays whatever its size. */
  readonly bytes?: number;
  /** Only directories whose names begin with it are looked at. */
  readonly prefix?: string;
  /** How a directory is removed whose files belong to others than this process's user. */
  readonly remove?: (directory: string) => Promise<void>;
};

const removeTree = (directory: string): Promise<void> => rm(directory, { recursive: true, force: true });

/**
 * Bounds a directory of built directories: keeps the last used and whatever this process uses; removes older ones and
 * what builders that were killed left. Failures do not matter: the next prune tries again.
 */
export async function prune(parent: string, limits: PruneLimits): Promise<void> {
  const { count, bytes = Infinity, prefix = "", remove = removeTree } = limits;
  const found: { directory: string; used: number }[] = [];
  for (const name of await readdir(parent).catch(() => [])) {
    const directory = path.join(parent, name);
    const used = await stat(directory).then(
      (status) => status.mtimeMs,
      () => undefined,
    );
    if (used === undefined) continue;
    if (!name.startsWith(TEMPORARY)) {
      if (name.startsWith(prefix)) found.push({ directory, used });
    } else if (isAbandoned(name, TEMPORARY, used)) await remove(directory).catch(() => {});
  }
  found.sort((a, b) => b.used - a.used);
  let taken = 0;
  for (const [rank, { directory }] of found.entries()) {
    if (bytes < Infinity) taken += await diskUsage(directory);
    if ((rank < count && (rank === 0 || taken <= bytes)) || inUse.has(directory)) continue;
    await remove(directory).catch(() => {});
  }
}

/** Bytes that the files below a directory take; holes are not counted. */
async function diskUsage(directory: string): Promise<number> {
  const files = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const file of files) {
    if (!file.isFile()) continue;
    // It may go while we look.
    bytes += await lstat(path.join(file.parentPath, file.name)).then(
      ({ blocks }) => blocks * BLOCK,
      () => 0,
    );
  }
  return bytes;
}
