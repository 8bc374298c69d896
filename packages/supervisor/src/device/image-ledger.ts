import { join } from "node:path";
import * as z from "zod";
import type { Current } from "../engine/current.ts";
import { ImageIndex } from "../plan/image-index.ts";
import { readIfThere, writeDurably } from "../storage/durable-file.ts";
import { SerialQueue } from "../storage/serial-queue.ts";

const ledger = z.object({ version: z.literal(1), references: z.array(z.string()) });

/**
 * Which images are the supervisor's to remove. The engine cannot tell an image that we fetched from one that a user
 * pulled by hand; when the ledger is lost, what runs and what is wanted is entered again, and at worst an image stays.
 */
export class ImageLedger {
  readonly #path: string;
  readonly #references: Set<string>;
  readonly #writes = new SerialQueue();

  private constructor(path: string, references: readonly string[]) {
    this.#path = path;
    this.#references = new Set(references);
  }

  static async open(dataDir: string): Promise<ImageLedger> {
    const path = join(dataDir, "images.json");
    const content = await readIfThere(path);
    try {
      return new ImageLedger(path, content === undefined ? [] : ledger.parse(JSON.parse(content)).references);
    } catch {
      return new ImageLedger(path, []);
    }
  }

  list(): readonly string[] {
    return [...this.#references];
  }

  /** Returns when the references are on the disk. */
  async add(references: readonly string[]): Promise<void> {
    const before = this.#references.size;
    for (const reference of references) this.#references.add(reference);
    if (this.#references.size !== before) await this.#write();
  }

  /** Enters what runs, drops what is neither on the device nor wanted. */
  async reconcile(current: Current, wanted: readonly string[]): Promise<void> {
    const images = new ImageIndex(current.images);
    const keep = new Set([...wanted, ...current.containers.map((container) => container.image)]);
    const gone = this.list().filter((reference) => !keep.has(reference) && !images.has(reference));
    const added = [...keep].filter((reference) => !this.#references.has(reference));
    if (gone.length === 0 && added.length === 0) return;
    for (const reference of gone) this.#references.delete(reference);
    for (const reference of added) this.#references.add(reference);
    await this.#write();
  }

  /** One write at a time, in order; each writes the newest content. */
  #write(): Promise<void> {
    return this.#writes.run(() => writeDurably(this.#path, JSON.stringify({ version: 1, references: this.list() })));
  }
}
