import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { type ContextEntry, contextEntry, refuse } from "@holdfast/contracts";
import { isMissing } from "../storage/durable-file.ts";
import { ContextCheck } from "./check-context.ts";
import { textLines } from "./text-lines.ts";

/** A manifest of 20,000 entries with paths of 200 characters is 6 MB. */
const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;
/** A project's services, of a few projects. */
const MAX_CONTEXTS = 64;

/** The manifests of build contexts by their ids; the oldest go first. A cache, as the chunks are. */
export class ContextStore {
  readonly #directory: string;
  #received = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Reads a manifest line by line, tells of each entry, and keeps it.
   * @returns its id
   * @throws `supervisor.invalid-context`
   */
  async receive(body: Readable, onEntry: (entry: ContextEntry) => Promise<void>): Promise<string> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const check = new ContextCheck();
    this.#received += 1;
    const temporary = join(this.#directory, `received-${this.#received}`);
    const file = await open(temporary, "w", 0o600);
    try {
      for await (const line of textLines(body, MAX_MANIFEST_BYTES)) {
        await onEntry(check.take(line));
        await file.write(`${line}\n`);
      }
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    const id = check.id();
    await rename(temporary, join(this.#directory, id));
    await this.#trim();
    return id;
  }

  /** @throws `supervisor.context-incomplete` when it is not known */
  async *entries(id: string): AsyncGenerator<ContextEntry> {
    const path = join(this.#directory, id);
    await stat(path).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
      refuse("supervisor.context-incomplete", {
        message: "The device does not know this build context.",
        hint: "Push again.",
      });
    });
    for await (const line of textLines(createReadStream(path), MAX_MANIFEST_BYTES)) {
      yield contextEntry.parse(JSON.parse(line));
    }
  }

  async #trim(): Promise<void> {
    const names = await readdir(this.#directory);
    if (names.length <= MAX_CONTEXTS) return;
    const files = await Promise.all(
      names.map(async (name) => ({ name, at: (await stat(join(this.#directory, name))).mtimeMs })),
    );
    for (const { name } of files.toSorted((a, b) => b.at - a.at).slice(MAX_CONTEXTS)) {
      await rm(join(this.#directory, name), { force: true });
    }
  }
}
