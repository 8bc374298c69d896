import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { VERIFIED_TIME } from "./download-file.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** Longer than any lock goes without a refresh, so that going back to last month's release downloads nothing. */
const UNUSED_DAYS = 60;

/** Where a package file with this hash is cached. Pure. */
export function debPath(cache: string, sha256: string): string {
  return path.join(cache, "debs", `${sha256}.deb`);
}

/**
 * Whether the cache holds a package file. Its size and time of modification are believed, so that a warm build reads
 * nothing; when the time says that something wrote to it, or with `rehash`, it is read and hashed, and removed if damaged.
 */
export async function hasDeb(
  cache: string,
  { sha256, size }: { readonly sha256: string; readonly size: number },
  rehash = false,
): Promise<boolean> {
  const file = debPath(cache, sha256);
  const status = await stat(file).catch(() => undefined);
  if (status === undefined) return false;
  if (status.size === size && status.mtimeMs === VERIFIED_TIME.getTime() && !rehash) {
    if (status.ctimeMs < Date.now() - DAY_MS) await markVerified(file);
    return true;
  }
  return (
    (status.size === size && (await hashFile(file)) === sha256 && (await markVerified(file))) || dropDeb(cache, sha256)
  );
}

/** Forgets a damaged package file and what was unpacked from it. Returns false: the cache has it no longer. */
export async function dropDeb(cache: string, sha256: string): Promise<false> {
  const file = debPath(cache, sha256);
  for (const each of [file, file.replace(/deb$/, "tar"), file.replace(/deb$/, "json")]) await rm(each, { force: true });
  return false;
}

/**
 * The bound of the cache of package files: removes those that no build asked for in sixty days, with what was unpacked
 * from them, and what interrupted downloads left.
 */
export async function forgetUnusedDebs(cache: string, now = Date.now()): Promise<void> {
  const directory = path.join(cache, "debs");
  const used = new Map<string, number>();
  for (const name of await readdir(directory).catch(() => [])) {
    const status = await stat(path.join(directory, name)).catch(() => undefined);
    if (status === undefined) continue;
    const sha256 = name.split(".")[0] ?? "";
    if (sha256 !== "") used.set(sha256, Math.max(used.get(sha256) ?? 0, status.ctimeMs));
    else if (status.ctimeMs < now - DAY_MS) await rm(path.join(directory, name), { recursive: true, force: true });
  }
  for (const [sha256, last] of used) if (last < now - UNUSED_DAYS * DAY_MS) await dropDeb(cache, sha256);
}

/** Sets the time of modification that vouches for the content; the inode's change time then tells the last use. */
async function markVerified(file: string): Promise<true> {
  await utimes(file, VERIFIED_TIME, VERIFIED_TIME).catch(() => {});
  return true;
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
