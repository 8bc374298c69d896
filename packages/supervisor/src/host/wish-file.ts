import { messageOf } from "@holdfast/contracts";
import type { Log } from "../log.ts";
import { readIfThere, replaceDurably } from "../storage/durable-file.ts";
import { SerialQueue } from "../storage/serial-queue.ts";

/** A wish to the host: a file that the host follows, written durably and only when it changes. */
export class WishFile {
  readonly #path: string;
  readonly #log: Log;
  readonly #queue = new SerialQueue();

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** What the host is told now; undefined: nothing. */
  read(): Promise<string | undefined> {
    return readIfThere(this.#path);
  }

  /** Returns when it is on the disk; undefined removes the file. A failure is logged: the former wish stays in force. */
  put(wish: string | undefined): Promise<void> {
    // One after the other: two writers would share the temporary file.
    return this.#queue.run(async () => {
      try {
        await replaceDurably(this.#path, wish);
      } catch (error) {
        this.#log.error(`${this.#path} cannot be changed: ${messageOf(error)}`);
      }
    });
  }
}
