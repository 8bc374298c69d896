import { createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress, zstdCompressSync } from "node:zlib";
import { stage } from "../cache/stage.ts";
import { streamContents } from "../pack/archive/stream-contents.ts";
import { type Content, sizeOf } from "../tree/entry.ts";
import type { ImageLayer } from "./image-layer.ts";

/** Part of the stage's key: whoever changes how frames are made changes this too. */
const FORMAT = 1;

const parameters = (level: number): Record<number, number> => ({
  [constants.ZSTD_c_compressionLevel]: level,
  [constants.ZSTD_c_checksumFlag]: 1,
});

/**
 * A layer's tar as one zstd frame. Frames can be joined, so each layer is compressed once for all archives that it is
 * part of: a changed program does not cost compressing Node again.
 */
export async function layerFrame(
  { diffId, tar }: ImageLayer,
  level: number,
  cache: string,
  signal?: AbortSignal,
): Promise<Content> {
  const inputs = { format: FORMAT, diffId, level, zstd: process.versions["zstd"] ?? process.version };
  const folder = await stage({ cache, name: "layer-frame", inputs }, async (directory) => {
    const compress = createZstdCompress({ params: parameters(level), pledgedSrcSize: sizeOf(tar) });
    const source: Readable = streamContents([tar]);
    await pipeline(source, compress, createWriteStream(join(directory, "frame.zst")), { ...(signal && { signal }) });
  });
  const file = join(folder, "frame.zst");
  return { kind: "range", file, offset: 0, size: (await stat(file)).size };
}

/** Small bytes as one zstd frame. */
export function bytesFrame(bytes: Uint8Array, level: number): Content {
  return { kind: "bytes", bytes: zstdCompressSync(bytes, { params: parameters(level) }) };
}
