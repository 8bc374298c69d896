import { zstdDecompressSync } from "node:zlib";
import { z } from "zod";

/** What zlib tells besides the bytes; its types leave it out. */
const withInfo = z.object({ buffer: z.instanceof(Uint8Array), engine: z.object({ bytesWritten: z.number() }) });

/** All of an archive in memory, decompressed: Node's own decoder stops after the first of several zstd frames. */
export function decompressFrames(archive: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let rest = archive; rest.length > 0; ) {
    const { buffer, engine } = withInfo.parse(zstdDecompressSync(rest, { info: true }));
    if (engine.bytesWritten === 0) throw new Error("the archive ends in the middle of a frame");
    parts.push(buffer);
    rest = rest.subarray(engine.bytesWritten);
  }
  return Buffer.concat(parts);
}
