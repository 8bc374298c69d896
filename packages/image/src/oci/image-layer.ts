import { createHash, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { streamContents } from "../pack/archive/stream-contents.ts";
import { tarParts } from "../pack/archive/tar-parts.ts";
import type { Content, ReadonlyTree } from "../tree/entry.ts";
import { type Digest, hexOf } from "./digest.ts";

/** One layer of an image: an uncompressed tar, known by the digest of its bytes. */
export type ImageLayer = { readonly diffId: Digest; readonly tar: Content };

/** Writes a tree as a layer into `folder`, as `<digest>.tar`. Same tree and epoch, same digest. */
export function writeLayer(tree: ReadonlyTree, folder: string, epoch: number): Promise<ImageLayer> {
  return writeLayerParts(tarParts(tree, { epoch }), folder);
}

/** Writes a layer's tar, given as byte ranges, into `folder`, as `<digest>.tar`. Nothing half-written keeps that name. */
export async function writeLayerParts(parts: Iterable<Content>, folder: string): Promise<ImageLayer> {
  const partial = join(folder, `.${randomUUID()}.tar`);
  const hash = createHash("sha256");
  let size = 0;
  const observe = new Transform({
    transform(block: Uint8Array, _encoding, done) {
      hash.update(block);
      size += block.length;
      done(null, block);
    },
  });
  try {
    await pipeline(streamContents(parts), observe, createWriteStream(partial));
    const diffId: Digest = `sha256:${hash.digest("hex")}`;
    const file = join(folder, `${hexOf(diffId)}.tar`);
    await rename(partial, file);
    return { diffId, tar: { kind: "range", file, offset: 0, size } };
  } catch (cause) {
    await rm(partial, { force: true });
    throw cause;
  }
}
