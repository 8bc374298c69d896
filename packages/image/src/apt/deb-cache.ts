import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { VERIFIED_TIME } from "./download-file.ts";

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
  if (status.size === size && status.mtimeMs === VERIFIED_TIME.getTime() && !rehash) return true;
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

async function markVerified(file: string): Promise<true> {
  await utimes(file, VERIFIED_TIME, VERIFIED_TIME).catch(() => {});
  return true;
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
