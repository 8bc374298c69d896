import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { CHUNK_BYTES, refuse } from "@holdfast/contracts";
import type { ChunkStore } from "./chunk-store.ts";

/**
 * Takes a tar whose members are chunks, named by their SHA-256, into the store; one chunk is in memory at a time.
 * @returns how many bytes of content came
 * @throws `supervisor.invalid-context` for a member that is not what its name says; those before it are kept
 */
export async function receiveChunks(body: Readable, store: Pick<ChunkStore, "write">): Promise<number> {
  // Only a device that is pushed to pays for the library.
  const { extract } = await import("tar-stream");
  const tar = extract();
  body.on("error", (error) => tar.destroy(error));
  body.pipe(tar);
  let received = 0;
  for await (const member of tar) {
    const { name, size = 0, type } = member.header;
    if (type !== "file" || size > CHUNK_BYTES) invalid(`${name.slice(0, 80)} is no chunk`);
    const parts: Buffer[] = [];
    for await (const part of member) if (part instanceof Buffer) parts.push(part);
    const content = Buffer.concat(parts);
    const digest = createHash("sha256").update(content).digest("hex");
    if (digest !== name) invalid(`a chunk is not what its name says (${name.slice(0, 80)})`);
    await store.write(digest, content);
    received += content.length;
  }
  return received;
}

function invalid(problem: string): never {
  return refuse("supervisor.invalid-context", { message: `What was sent cannot be used: ${problem}.` });
}
