import { randomBytes } from "node:crypto";
import { join } from "node:path";
import * as z from "zod";
import type { Log } from "../log.ts";
import { readIfThere, writeDurably } from "../storage/durable-file.ts";

/** What the supervisor keeps for itself. Losing it loses nothing a device needs: all of it can be made again. */
const settingsSchema = z.object({
  version: z.literal(1),
  /** The key of the device API that opens everything (compat 3). */
  globalKey: z.string().regex(/^\w{16,}$/),
  /** From this the keys of services are derived. */
  serviceSecret: z.string().min(32),
  /** How often a service's key was replaced, by `<appId>/<service>`. */
  keyRenewals: z.record(z.string(), z.number()).default({}),
  deviceName: z.string().optional(),
  /** Set by the fleet; an unmanaged device is in local mode whatever stands here. */
  localMode: z.boolean().default(false),
  /** Updates are downloaded, and applied on someone's word only. */
  holdUpdates: z.boolean().default(false),
});
export type Settings = z.infer<typeof settingsSchema>;

const KEY_BYTES = 16;
const SECRET_BYTES = 32;

/** A key for the device API that nobody can guess. */
export const freshKey = (): string => randomBytes(KEY_BYTES).toString("hex");

/** Settings in a file of the data directory. */
export class SettingsStore {
  readonly #path: string;
  #settings: Settings;

  private constructor(path: string, settings: Settings) {
    this.#path = path;
    this.#settings = settings;
  }

  /** Reads the settings; a missing or malformed file is replaced by fresh ones. */
  static async open(dataDir: string, log: Log): Promise<SettingsStore> {
    const path = join(dataDir, "settings.json");
    const content = await readIfThere(path);
    const parsed = content === undefined ? undefined : parse(content);
    if (parsed !== undefined) return new SettingsStore(path, parsed);
    if (content !== undefined) log.error("settings.json is malformed; new keys are made");
    const fresh: Settings = {
      version: 1,
      globalKey: freshKey(),
      serviceSecret: randomBytes(SECRET_BYTES).toString("hex"),
      keyRenewals: {},
      localMode: false,
      holdUpdates: false,
    };
    const store = new SettingsStore(path, fresh);
    await store.update({});
    return store;
  }

  get(): Settings {
    return this.#settings;
  }

  /** Returns when the change is on the disk. */
  async update(change: Partial<Omit<Settings, "version">>): Promise<void> {
    this.#settings = { ...this.#settings, ...change };
    await writeDurably(this.#path, JSON.stringify(this.#settings));
  }
}

function parse(content: string): Settings | undefined {
  try {
    return settingsSchema.parse(JSON.parse(content));
  } catch {
    return undefined;
  }
}
