import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { isMissing } from "./durable-file.ts";

const RESERVE_BYTES = 16 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;
/** With less than this, engine and supervisor begin to fail. */
const FULL_BYTES = 8 * 1024 * 1024;
/** With more than this, the reserve is taken again. */
const EASE_BYTES = 128 * 1024 * 1024;
const LOOK_MS = 10_000;

/**
 * A file that only takes up room. The filesystem holds blocks back from apps, but a privileged one has the right to take
 * them. When it has, the file goes, and the engine can stop and remove containers and images, and the supervisor can write
 * its files; when there is room again, it is made again.
 */
export class SpaceReserve {
  readonly #path: string;
  /** What may be written with our rights. */
  readonly #freeBytes: () => Promise<number>;
  readonly #log: Log;

  constructor(options: { readonly dataDir: string; readonly freeBytes: () => Promise<number>; readonly log: Log }) {
    this.#path = join(options.dataDir, "reserve");
    this.#freeBytes = options.freeBytes;
    this.#log = options.log;
  }

  /** Looks again and again until the signal fires: on a full disk, nothing else may happen that would call for a look. */
  async keep(clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look();
      await clock.sleep(LOOK_MS, signal);
    }
  }

  /** Looks at the disk and gives the reserve up, or takes it. Never throws: without a reserve, work goes on. */
  async look(): Promise<void> {
    try {
      const free = await this.#freeBytes();
      const isHeld = await this.#isHeld();
      if (free < FULL_BYTES) {
        await rm(this.#path, { force: true });
        if (isHeld) this.#log.error("The data partition is full: the reserve is given up. Remove data from volumes");
      }
      if (!isHeld && free > EASE_BYTES) await this.#take();
    } catch (error) {
      this.#log.warn(`The reserve on the disk cannot be kept: ${String(error)}`);
    }
  }

  /** Half a reserve, from a cut or a full disk, is none. */
  async #isHeld(): Promise<boolean> {
    try {
      return (await stat(this.#path)).size === RESERVE_BYTES;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  async #take(): Promise<void> {
    const file = await open(this.#path, "w", 0o600);
    try {
      const zeros = Buffer.alloc(CHUNK_BYTES);
      for (let written = 0; written < RESERVE_BYTES; written += CHUNK_BYTES) await file.write(zeros);
      await file.sync();
    } finally {
      await file.close();
    }
  }
}
