import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { reportDiskFull } from "./disk-full.ts";
import { isAbandoned, ownedName } from "./owned-name.ts";

/** Directories handed out by this process: pruning must not take them away. */
const inUse = new Set<string>();
const TEMPORARY = ".making-";

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

/**
 * Bounds a directory of built directories: keeps the `keep` last used and whatever this process uses; removes older ones
 * and what builders that were killed left. Failures do not matter: the next prune tries again.
 */
export async function prune(parent: string, keep: number, prefix = ""): Promise<void> {
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
    } else if (isAbandoned(name, TEMPORARY, used))
      await rm(directory, { recursive: true, force: true }).catch(() => {});
  }
  found.sort((a, b) => b.used - a.used);
  for (const { directory } of found.slice(keep)) {
    if (!inUse.has(directory)) await rm(directory, { recursive: true, force: true }).catch(() => {});
  }
}
