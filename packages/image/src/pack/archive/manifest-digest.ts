import { createHash } from "node:crypto";
import { type ReadonlyTree, sizeOf } from "../../tree/entry.ts";
import { orderedEntries } from "./ordered-entries.ts";

/**
 * SHA-256 over everything that a tree says besides the files' bytes (of those only the sizes): a seed for identifiers
 * that must be fixed before the content is streamed. Not a content hash.
 */
export function manifestDigest(tree: ReadonlyTree, salt: string): Buffer {
  const hash = createHash("sha256").update(salt);
  for (const { path, entry, linkTo } of orderedEntries(tree)) {
    const what = entry.type === "file" ? sizeOf(entry.content) : entry.type === "symlink" ? entry.target : "";
    hash.update(JSON.stringify([path, entry.type, entry.mode, entry.uid, entry.gid, what, linkTo ?? ""]));
  }
  return hash.digest();
}

/** A UUID (version 8, RFC 9562: vendor-specific) from the first 16 bytes of a digest. */
export function uuidFrom(digest: Uint8Array): string {
  const bytes = Uint8Array.from(digest.subarray(0, 16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Buffer.from(bytes).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
