import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isMissing } from "../storage/durable-file.ts";

export type ChunkLimits = { readonly bytes: number; readonly count: number };

/** A chunk that was used within this time is not marked as used again, for the flash's sake. */
const MARK_AFTER_MS = 3_600_000;

/**
 * Chunks of files by their SHA-256, a cache on the data partition: bounded in bytes and count, the least recently used go
 * first. Nothing is flushed; instead, each chunk is checked when it is read, so that a power cut costs a transfer at most.
 */
export class ChunkStore {
  readonly #directory: string;
  readonly #limits: ChunkLimits;
  /** Undefined: not counted since the start. */
  #held: { bytes: number; count: number } | undefined;

  constructor(directory: string, limits: ChunkLimits) {
    this.#directory = directory;
    this.#limits = limits;
  }

  /** Whether a chunk is here in its full length; it counts as used now. */
  async has(sha256: string, size: number): Promise<boolean> {
    const path = this.#pathOf(sha256);
    try {
      const found = await stat(path);
      const now = Date.now();
      if (now - found.mtimeMs > MARK_AFTER_MS) await utimes(path, now / 1000, now / 1000);
      return found.size === size;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  /** A chunk's content, or undefined when it is not here or not what it was; such a one is removed. */
  async read(sha256: string): Promise<Buffer | undefined> {
    const path = this.#pathOf(sha256);
    try {
      const content = await readFile(path);
      if (createHash("sha256").update(content).digest("hex") === sha256) return content;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    await rm(path, { force: true });
    return undefined;
  }

  /** Keeps a chunk whose digest the caller has checked, and makes room for it by the limits. */
  async write(sha256: string, content: Uint8Array): Promise<void> {
    const held = await this.#count();
    const path = this.#pathOf(sha256);
    const temporary = `${path}.new`;
    await writeFile(temporary, content);
    await rename(temporary, path);
    held.bytes += content.length;
    held.count += 1;
    if (held.bytes > this.#limits.bytes || held.count > this.#limits.count) await this.#trim();
  }

  async #count(): Promise<{ bytes: number; count: number }> {
    this.#held ??= sum(await this.#list());
    return this.#held;
  }

  async #list(): Promise<readonly Chunk[]> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const chunks: Chunk[] = [];
    for (const name of await readdir(this.#directory)) {
      const { size, mtimeMs } = await stat(join(this.#directory, name));
      chunks.push({ name, size, usedAt: mtimeMs });
    }
    return chunks;
  }

  async #trim(): Promise<void> {
    const chunks = (await this.#list()).toSorted((a, b) => b.usedAt - a.usedAt);
    const kept = { bytes: 0, count: 0 };
    for (const { name, size } of chunks) {
      if (kept.bytes + size > this.#limits.bytes || kept.count >= this.#limits.count) {
        await rm(join(this.#directory, name), { force: true });
      } else {
        kept.bytes += size;
        kept.count += 1;
      }
    }
    this.#held = kept;
  }

  #pathOf(sha256: string): string {
    return join(this.#directory, sha256);
  }
}

type Chunk = { readonly name: string; readonly size: number; readonly usedAt: number };

function sum(chunks: readonly Chunk[]): { bytes: number; count: number } {
  return { bytes: chunks.reduce((total, { size }) => total + size, 0), count: chunks.length };
}
