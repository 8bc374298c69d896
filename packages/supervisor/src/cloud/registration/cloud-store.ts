import { join } from "node:path";
import * as z from "zod";
import type { Log } from "../../log.ts";
import { readIfThere, writeDurably } from "../../storage/durable-file.ts";

const memory = z.object({
  version: z.literal(1),
  /** The server that has been told what the device came with: its configuration, its name. */
  introducedTo: z.string().optional(),
  /** The release that a preloaded device stays at, until the server has been told so. */
  pin: z.object({ appId: z.int(), commit: z.string() }).optional(),
});
type Memory = Omit<z.infer<typeof memory>, "version">;

/** What is kept between starts about the server. When it is lost, the server is told again. */
export class CloudStore {
  readonly #path: string;
  #memory: Memory;

  private constructor(path: string, content: Memory) {
    this.#path = path;
    this.#memory = content;
  }

  static async open(dataDir: string, log: Log): Promise<CloudStore> {
    const path = join(dataDir, "cloud.json");
    const text = await readIfThere(path);
    if (text === undefined) return new CloudStore(path, {});
    try {
      return new CloudStore(path, memory.parse(JSON.parse(text)));
    } catch {
      log.error("cloud.json is malformed and forgotten");
      return new CloudStore(path, {});
    }
  }

  get(): Memory {
    return this.#memory;
  }

  /** Replaces what is kept; returns when it is on the disk. */
  async put(content: Memory): Promise<void> {
    await writeDurably(this.#path, JSON.stringify({ ...content, version: 1 }));
    this.#memory = content;
  }
}
