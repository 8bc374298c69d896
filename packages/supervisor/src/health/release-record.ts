import { join } from "node:path";
import { messageOf, wireApp } from "@holdfast/contracts";
import * as z from "zod";
import type { Log } from "../log.ts";
import { readIfThere, writeDurably } from "../storage/durable-file.ts";
import { SerialQueue } from "../storage/serial-queue.ts";
import type { Rejection } from "../target/target.ts";
import type { GoodRelease } from "../target/target-in-effect.ts";

const kept = z.object({ fingerprint: z.string(), releases: wireApp.shape.releases });
const entry = z.object({
  good: kept.optional(),
  /** What was in effect when the target began to ask for a release that the device cannot run. */
  former: kept.optional(),
  rejected: z.object({ fingerprint: z.string(), commit: z.string(), reason: z.string() }).optional(),
});
type Entry = z.infer<typeof entry>;
const file = z.object({ version: z.literal(1), apps: z.record(z.string(), entry) });

/** Apps that are remembered; a device has a handful, and local mode may invent more. */
const MAX_APPS = 64;

/**
 * Per app (by uuid): the last release that was healthy here, and the one that was not. One file of the data directory,
 * a cache: when it is lost, there is no release to go back to until one was healthy again, and a rejected one is tried
 * once more.
 */
export class ReleaseRecord {
  readonly #path: string;
  #apps: Readonly<Record<string, Entry>>;
  readonly #writes = new SerialQueue();

  private constructor(path: string, apps: Readonly<Record<string, Entry>>) {
    this.#path = path;
    this.#apps = apps;
  }

  static async open(dataDir: string, log: Log): Promise<ReleaseRecord> {
    const path = join(dataDir, "releases.json");
    const content = await readIfThere(path);
    try {
      return new ReleaseRecord(path, content === undefined ? {} : file.parse(JSON.parse(content)).apps);
    } catch (error) {
      log.error(`The record of good releases is malformed and forgotten: ${messageOf(error)}`);
      return new ReleaseRecord(path, {});
    }
  }

  goodOf(uuid: string): GoodRelease | undefined {
    return this.#entry(uuid).good;
  }

  formerOf(uuid: string): GoodRelease | undefined {
    return this.#entry(uuid).former;
  }

  rejectionOf(uuid: string, fingerprint: string): Rejection | undefined {
    const { rejected } = this.#entry(uuid);
    if (rejected?.fingerprint !== fingerprint) return undefined;
    return { commit: rejected.commit, code: "supervisor.release-unhealthy", reason: rejected.reason };
  }

  /** A release was healthy. What was rejected stays so: the target may still ask for it. Returns when on the disk. */
  accept(uuid: string, good: GoodRelease): Promise<void> {
    return this.#put(uuid, { ...this.#entry(uuid), good: { ...good } });
  }

  /** This release stays in effect, though the target asks for another one. Returns when on the disk. */
  async stay(uuid: string, former: GoodRelease): Promise<void> {
    if (this.formerOf(uuid)?.fingerprint !== former.fingerprint)
      await this.#put(uuid, { ...this.#entry(uuid), former: { ...former } });
  }

  /** A release was not healthy. Returns when on the disk. */
  reject(uuid: string, rejected: NonNullable<Entry["rejected"]>): Promise<void> {
    return this.#put(uuid, { ...this.#entry(uuid), rejected });
  }

  /** The target asks for something else now: should it ask for the rejected release again, that is tried again. */
  async forgive(uuid: string): Promise<void> {
    const { rejected, ...rest } = this.#entry(uuid);
    if (rejected !== undefined) await this.#put(uuid, rest);
  }

  #entry(uuid: string): Entry {
    return (Object.hasOwn(this.#apps, uuid) ? this.#apps[uuid] : undefined) ?? {};
  }

  /** One write at a time, in order; each writes the newest content. The newest entries come last. */
  #put(uuid: string, changed: Entry): Promise<void> {
    const others = Object.entries(this.#apps).filter(([other]) => other !== uuid);
    this.#apps = Object.fromEntries([...others.slice(1 - MAX_APPS), [uuid, changed]]);
    return this.#writes.run(() => writeDurably(this.#path, JSON.stringify({ version: 1, apps: this.#apps })));
  }
}
