import { type HoldfastError, worldError } from "@holdfast/contracts";
import * as z from "zod";
import { readIfThere, writeDurably } from "../storage/durable-file.ts";
import { SerialQueue } from "../storage/serial-queue.ts";

const objectSchema = z.record(z.string(), z.unknown());
/** All that config.json says, also what is not the supervisor's. */
export type ConfigContent = Readonly<Record<string, unknown>>;

/**
 * config.json as others may change it too: each change starts from what the file says then, and keeps their keys. The
 * temporary name is the one where the host looks after a power cut between the two directory entries of a rename on FAT.
 */
export class ConfigJsonFile {
  readonly #path: string;
  readonly #queue = new SerialQueue();

  constructor(path: string) {
    this.#path = path;
  }

  /** The value of a key as the file has it now; undefined when there is none, or no file that can be read. */
  async read(key: string): Promise<unknown> {
    return parse(await readIfThere(this.#path))?.[key];
  }

  /** All that the file says now. @throws HoldfastError `supervisor.config-json-unusable` */
  async content(): Promise<ConfigContent> {
    const content = parse(await readIfThere(this.#path));
    if (content === undefined) throw unusable();
    return content;
  }

  /**
   * Sets keys; undefined removes one. Returns when it is on the disk; what says the same is not written.
   * @throws HoldfastError `supervisor.config-json-unusable`, as `edit`
   */
  async change(keys: ConfigContent): Promise<void> {
    await this.edit((content) => ({ ...content, ...keys }));
  }

  /**
   * Makes the file what a function makes of it; returns its new content when that is on the disk.
   * @throws HoldfastError `supervisor.config-json-unusable`: a file that is lost or broken is the host's to restore, and
   * one that were written instead of it would keep the host from that
   */
  edit(make: (content: ConfigContent) => ConfigContent): Promise<ConfigContent> {
    // One after the other: two writers would share the temporary file, and the second lose what the first wrote.
    return this.#queue.run(async () => {
      const before = await this.content();
      const after = make(before);
      if (JSON.stringify(after) !== JSON.stringify(before)) {
        await writeDurably(this.#path, `${JSON.stringify(after, undefined, 2)}\n`);
      }
      return after;
    });
  }
}

function unusable(): HoldfastError {
  return worldError("supervisor.config-json-unusable", {
    message: "config.json is missing or not valid, so nothing was changed in it.",
    hint: "On the device: journalctl -u config-json",
  });
}

function parse(content: string | undefined): ConfigContent | undefined {
  try {
    return objectSchema.parse(JSON.parse(content ?? ""));
  } catch {
    return undefined;
  }
}
