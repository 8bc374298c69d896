import { open } from "node:fs/promises";
import type { Content } from "./entry.ts";

/** All bytes of a file's content. For small files; large ones are streamed by the writers. */
export async function readContent(content: Content): Promise<Uint8Array> {
  if (content.kind === "bytes") return content.bytes;
  await using handle = await open(content.file, "r");
  const buffer = new Uint8Array(content.size);
  let filled = 0;
  while (filled < content.size) {
    const { bytesRead } = await handle.read(buffer, filled, content.size - filled, content.offset + filled);
    if (bytesRead === 0) throw new Error(`${content.file}: ended ${content.size - filled} bytes early`);
    filled += bytesRead;
  }
  return buffer;
}
