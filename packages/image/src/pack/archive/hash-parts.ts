import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { Content } from "../../tree/entry.ts";
import { passingBlocksOf } from "./stream-contents.ts";

/** SHA-256 of the bytes of `parts`. Lets others run between blocks, since hashing a slot takes a second. */
export async function hashParts(parts: Iterable<Content>): Promise<Buffer> {
  const hash = createHash("sha256");
  let blocks = 0;
  for (const block of passingBlocksOf(parts)) {
    hash.update(block);
    blocks += 1;
    if (blocks % 16 === 0) await setImmediate();
  }
  return hash.digest();
}
