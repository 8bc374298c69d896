import { open } from "node:fs/promises";

/** The first `size` bytes of a file, fewer if it is shorter. */
export async function readHead(file: string, size: number): Promise<Uint8Array> {
  await using handle = await open(file, "r");
  const bytes = new Uint8Array(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await handle.read(bytes, filled, size - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
