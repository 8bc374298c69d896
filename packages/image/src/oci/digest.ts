import { createHash } from "node:crypto";
import { passingBlocksOf } from "../pack/archive/stream-contents.ts";
import type { Content } from "../tree/entry.ts";

/** A digest as image formats write it. */
export type Digest = `sha256:${string}`;

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export const isDigest = (text: string): text is Digest => DIGEST.test(text);
export const hexOf = (digest: Digest): string => digest.slice("sha256:".length);

export function digestOfBytes(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Digest of the bytes of `parts`, one after the other. */
export function digestOfParts(parts: Iterable<Content>): Digest {
  const hash = createHash("sha256");
  for (const block of passingBlocksOf(parts)) hash.update(block);
  return `sha256:${hash.digest("hex")}`;
}
