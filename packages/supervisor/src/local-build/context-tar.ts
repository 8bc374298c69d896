import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type ContextEntry, refuse } from "@holdfast/contracts";
import type { Pack } from "tar-stream";
import type { ChunkStore } from "./chunk-store.ts";

/**
 * A build context as a tar, made while it is read; one chunk is in memory at a time. The stream fails with
 * `supervisor.context-incomplete` when a chunk is gone.
 */
export async function contextTar(
  entries: AsyncIterable<ContextEntry>,
  chunks: Pick<ChunkStore, "read">,
): Promise<Readable> {
  const { pack } = await import("tar-stream");
  const tar = pack();
  fill(tar, entries, chunks).catch((error: unknown) =>
    tar.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return Readable.from(tar);
}

async function fill(tar: Pack, entries: AsyncIterable<ContextEntry>, chunks: Pick<ChunkStore, "read">): Promise<void> {
  for await (const entry of entries) {
    if (tar.destroyed) return;
    if (entry.type === "file") await addFile(tar, entry, chunks);
    else if (entry.type === "directory") tar.entry({ name: `${entry.path}/`, type: "directory", mode: entry.mode });
    else tar.entry({ name: entry.path, type: "symlink", linkname: entry.target, mode: 0o777 });
  }
  tar.finalize();
}

async function addFile(
  tar: Pack,
  file: ContextEntry & { type: "file" },
  chunks: Pick<ChunkStore, "read">,
): Promise<void> {
  const { path, mode, mtime, size } = file;
  const header = { name: path, type: "file", mode, mtime: new Date(mtime * 1000), size } as const;
  if (size === 0) tar.entry(header, "");
  else await pipeline(contentOf(file, chunks), tar.entry(header));
}

async function* contentOf(
  { path, chunks: digests }: ContextEntry & { type: "file" },
  chunks: Pick<ChunkStore, "read">,
): AsyncGenerator<Buffer> {
  for (const digest of digests) {
    const content = await chunks.read(digest);
    if (content === undefined) {
      return refuse("supervisor.context-incomplete", {
        message: `The device no longer has all of ${path}.`,
        hint: "Push again.",
      });
    }
    yield content;
  }
}
