import { join } from "node:path";
import { messageOf, wireApps, wireConfig } from "@holdfast/contracts";
import * as z from "zod";
import type { Log } from "../log.ts";
import { readIfThere, writeDurably } from "../storage/durable-file.ts";

/** A target as it came, checked: a newer supervisor reads it with its own rules, and so does an older one. */
const storedTarget = z.object({
  source: z.enum(["preload", "cloud", "local"]),
  name: z.string().optional(),
  config: wireConfig,
  apps: wireApps,
});
export type StoredTarget = z.infer<typeof storedTarget>;

const file = z.object({
  version: z.literal(1),
  fleet: storedTarget.optional(),
  local: storedTarget.optional(),
  waiting: storedTarget.optional(),
});
type Content = z.infer<typeof file>;

/**
 * The last targets received, in one file of the data directory: the fleet's (or the preload), and that of local mode,
 * which leaves the fleet's in place. A cache: when it is lost, the sources give them again.
 */
export class TargetStore {
  readonly #path: string;
  #content: Content;

  private constructor(path: string, content: Content) {
    this.#path = path;
    this.#content = content;
  }

  static async open(dataDir: string, log: Log): Promise<TargetStore> {
    const path = join(dataDir, "target.json");
    const content = await readIfThere(path);
    try {
      return new TargetStore(path, content === undefined ? { version: 1 } : file.parse(JSON.parse(content)));
    } catch (error) {
      log.error(`The stored target is malformed and forgotten: ${messageOf(error)}`);
      return new TargetStore(path, { version: 1 });
    }
  }

  fleet(): StoredTarget | undefined {
    return this.#content.fleet;
  }

  local(): StoredTarget | undefined {
    return this.#content.local;
  }

  /** The target that is held back, if there is one. */
  waiting(): StoredTarget | undefined {
    return this.#content.waiting;
  }

  /** Returns when the target is on the disk, and none waits any more. A local one is kept apart from the fleet's. */
  async put(target: StoredTarget): Promise<void> {
    const { waiting: _, ...kept } = this.#content;
    await this.#write({ ...kept, ...(target.source === "local" ? { local: target } : { fleet: target }) });
  }

  /** Returns when the target is on the disk, beside the one in force; a former one that waited is forgotten. */
  async putWaiting(waiting: StoredTarget): Promise<void> {
    await this.#write({ ...this.#content, waiting });
  }

  async #write(next: Content): Promise<void> {
    await writeDurably(this.#path, JSON.stringify(next));
    this.#content = next;
  }
}
