import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { CHUNK_BYTES, type ContextEntry, chunkSize, refuse } from "@holdfast/contracts";
import { contextTree } from "@holdfast/image";

/** Where a piece of a file is on this machine. */
export type LocalChunk = { readonly file: string; readonly offset: number; readonly size: number };

/** A build context as a device wants it announced: what is in it, and the pieces that its files are made of. */
export type LocalContext = {
  /** Sorted by path. */
  readonly entries: readonly ContextEntry[];
  readonly chunks: ReadonlyMap<string, LocalChunk>;
  readonly bytes: number;
};

/** Reads a directory as `docker build` would send it, without holding more than one piece in memory. */
export async function readLocalContext(directory: string, dockerfile: string): Promise<LocalContext> {
  const tree = await contextTree(directory, dockerfile);
  const entries: ContextEntry[] = [];
  const chunks = new Map<string, LocalChunk>();
  let bytes = 0;
  for (const path of [...tree.keys()].sort()) {
    const entry = tree.get(path);
    if (entry?.type === "directory") entries.push({ type: "directory", path, mode: entry.mode });
    else if (entry?.type === "symlink") entries.push({ type: "symlink", path, target: entry.target });
    else if (entry?.type === "file" && entry.content.kind === "range") {
      const { mtime, size, digests } = await readFile(entry.content.file, chunks);
      entries.push({ type: "file", path, mode: entry.mode, mtime, size, chunks: digests });
      bytes += size;
    }
  }
  return { entries, chunks, bytes };
}

type ReadFile = { readonly mtime: number; readonly size: number; readonly digests: string[] };

/** The file's own time goes with it: web servers tell browsers by it whether a page changed. */
async function readFile(file: string, chunks: Map<string, LocalChunk>): Promise<ReadFile> {
  await using handle = await open(file);
  const { size, mtimeMs } = await handle.stat();
  const digests: string[] = [];
  for (let index = 0; index * CHUNK_BYTES < size; index += 1) {
    const chunk = { file, offset: index * CHUNK_BYTES, size: chunkSize(size, index) };
    const digest = digestOf(await readRange(handle, chunk));
    digests.push(digest);
    chunks.set(digest, chunk);
  }
  return { mtime: Math.max(0, Math.floor(mtimeMs / 1000)), size, digests };
}

/**
 * A piece's content, as it was announced.
 * @throws `cli.invalid-input-file` when the file has changed since
 */
export async function readLocalChunk(digest: string, chunk: LocalChunk): Promise<Buffer> {
  await using handle = await open(chunk.file);
  const content = await readRange(handle, chunk);
  return digestOf(content) === digest ? content : changed(chunk.file);
}

async function readRange(handle: FileHandle, { file, offset, size }: LocalChunk): Promise<Buffer> {
  const content = Buffer.alloc(size);
  let done = 0;
  while (done < size) {
    const { bytesRead } = await handle.read(content, done, size - done, offset + done);
    if (bytesRead === 0) return changed(file);
    done += bytesRead;
  }
  return content;
}

const digestOf = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");

function changed(file: string): never {
  return refuse("cli.invalid-input-file", { message: `${file} changed while it was read.`, hint: "Push again." });
}
