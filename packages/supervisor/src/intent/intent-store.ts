import { join } from "node:path";
import { messageOf } from "@holdfast/contracts";
import * as z from "zod";
import type { Log } from "../log.ts";
import { readIfThere, writeDurably } from "../storage/durable-file.ts";

const file = z.object({
  version: z.literal(1),
  /** Apps whose data is being removed: a purge that was begun is brought to its end, whatever happens in between. */
  purges: z.array(z.object({ appId: z.number(), appUuid: z.string() })).default([]),
  /** Ids of containers that somebody stopped: not to be started because the supervisor was. */
  stopped: z.array(z.string()).default([]),
});

/** Puts the text where it outlives the process; returns when it is there. */
type Save = (text: string) => Promise<void>;

/** What of the intents outlives the supervisor's process. When it is lost, stopped services start again. */
export class IntentStore {
  readonly purges: Map<number, string>;
  readonly stopped: Set<string>;
  readonly #save: Save;
  #saved: string;

  /** @throws when the text is malformed */
  constructor(text: string | undefined, save: Save) {
    const { purges, stopped } = file.parse(text === undefined ? { version: 1 } : JSON.parse(text));
    this.purges = new Map(purges.map(({ appId, appUuid }) => [appId, appUuid]));
    this.stopped = new Set(stopped);
    this.#save = save;
    this.#saved = this.#text();
  }

  /** The store in the data directory; a malformed one is forgotten, with a line in the log. */
  static async open(dataDir: string, log: Log): Promise<IntentStore> {
    const path = join(dataDir, "intents.json");
    const save = (text: string): Promise<void> => writeDurably(path, text);
    const text = await readIfThere(path);
    try {
      return new IntentStore(text, save);
    } catch (error) {
      log.error(`intents.json is malformed and forgotten: ${messageOf(error)}`);
      return new IntentStore(undefined, save);
    }
  }

  /** Returns when what was changed is on the disk. */
  async save(): Promise<void> {
    const text = this.#text();
    if (text === this.#saved) return;
    await this.#save(text);
    this.#saved = text;
  }

  #text(): string {
    const purges = [...this.purges].map(([appId, appUuid]) => ({ appId, appUuid }));
    return JSON.stringify({ version: 1, purges, stopped: [...this.stopped] });
  }
}
