import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { blocksOf, streamContents } from "../pack/archive/stream-contents.ts";
import { tarParts } from "../pack/archive/tar-parts.ts";
import { type Content, sizeOf } from "../tree/entry.ts";
import { archiveTree } from "./archive-tree.ts";
import { bytesFrame, layerFrame } from "./compress-frames.ts";
import type { Digest } from "./digest.ts";
import type { Image } from "./image-config.ts";

export type ArchiveOptions = {
  readonly epoch: number;
  /** zstd's, 1 to 22. */
  readonly level: number;
  readonly cache: string;
  readonly signal?: AbortSignal;
  /** Called after each compressed layer with the bytes done, of all. */
  readonly onProgress?: (done: number, total: number) => void;
};

/**
 * Writes the images as one zstd-compressed archive for `docker load`, each layer once. Same images, epoch and level, same
 * bytes. Whatever fails, no half-written file keeps the name.
 */
export async function writeArchive(
  images: readonly Image[],
  file: string,
  { epoch, level, cache, signal, onProgress = () => {} }: ArchiveOptions,
): Promise<{ readonly size: number; readonly digest: Digest }> {
  const layers = new Map(images.flatMap((image) => image.layers.map((layer) => [layer.tar, layer])));
  const frames: Content[] = [];
  let between: Content[] = [];
  const total = [...layers.keys()].reduce((sum, tar) => sum + sizeOf(tar), 0);
  let done = 0;
  for (const part of tarParts(archiveTree(images), { epoch })) {
    const layer = layers.get(part);
    if (layer === undefined) {
      between.push(part);
      continue;
    }
    frames.push(bytesFrame(join(between), level), await layerFrame(layer, level, cache, signal));
    between = [];
    done += sizeOf(part);
    onProgress(done, total);
  }
  frames.push(bytesFrame(join(between), level));
  return writeWhole(frames, file);
}

const join = (parts: readonly Content[]): Uint8Array => Buffer.concat([...blocksOf(parts)]);

async function writeWhole(parts: readonly Content[], file: string): Promise<{ size: number; digest: Digest }> {
  const hash = createHash("sha256");
  const observe = new Transform({
    transform(block: Uint8Array, _encoding, next) {
      hash.update(block);
      next(null, block);
    },
  });
  const partial = `${file}.part`;
  try {
    await pipeline(streamContents(parts), observe, createWriteStream(partial));
    await rename(partial, file);
  } catch (cause) {
    await rm(partial, { force: true });
    throw cause;
  }
  return { size: parts.reduce((sum, part) => sum + sizeOf(part), 0), digest: `sha256:${hash.digest("hex")}` };
}
