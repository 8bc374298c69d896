import { worldError } from "@holdfast/contracts";
import * as z from "zod";
import { readIfThere, writeDurably } from "../storage/durable-file.ts";

const objectSchema = z.record(z.string(), z.unknown());

/** config.json as others may change it too: each change starts from what the file says then, and keeps their keys. */
export class ConfigJsonFile {
  readonly #path: string;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** The value of a key as the file has it now; undefined when there is none, or no file that can be read. */
  async read(key: string): Promise<unknown> {
    return parse(await readIfThere(this.#path))?.[key];
  }

  /**
   * Sets keys; undefined removes one. Returns when it is on the disk; what says the same is not written.
   * @throws HoldfastError `supervisor.config-json-unusable`: a file that is lost or broken is the host's to restore, and
   * one that were written instead of it would keep the host from that
   */
  change(keys: Readonly<Record<string, unknown>>): Promise<void> {
    // One after the other: two writers would share the temporary file, and the second lose what the first wrote.
    const done = this.#queue.then(() => this.#write(keys));
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #write(keys: Readonly<Record<string, unknown>>): Promise<void> {
    const before = parse(await readIfThere(this.#path));
    if (before === undefined) {
      throw worldError("supervisor.config-json-unusable", {
        message: "config.json is missing or not valid, so nothing was changed in it.",
        hint: "On the device: journalctl -u config-json",
      });
    }
    const after = { ...before, ...keys };
    if (JSON.stringify(after) === JSON.stringify(before)) return;
    await writeDurably(this.#path, `${JSON.stringify(after, undefined, 2)}\n`);
  }
}

function parse(content: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    return objectSchema.parse(JSON.parse(content ?? ""));
  } catch {
    return undefined;
  }
}
