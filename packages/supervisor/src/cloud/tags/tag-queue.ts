import { join } from "node:path";
import { messageOf, refuse } from "@holdfast/contracts";
import * as z from "zod";
import { FOREVER_MS, Wake } from "../../apply/wake.ts";
import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import { readIfThere, writeDurably } from "../../storage/durable-file.ts";
import { SerialQueue } from "../../storage/serial-queue.ts";
import type { CloudHttp } from "../http/cloud-http.ts";
import { serverRefusal } from "../http/server-refusal.ts";
import type { Registered } from "../registration/registration.ts";
import { retryPause } from "../target/poll-pause.ts";

/** Tag -> value. */
export type Tags = Readonly<Record<string, string>>;

export type TagQueueOptions = {
  readonly http: CloudHttp;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Longest pause after failures, in milliseconds. */
  readonly limitMs: () => number;
};

/** Least pause between two requests (compat 5.3). */
const GAP_MS = 10_000;
/** More would be a program's mistake, and the file is written on each change. */
const MAX_WAITING = 1000;

const file = z.object({ version: z.literal(1), tags: z.record(z.string(), z.string()) });

/** Tags that apps set on the device, until the server has them; kept over restarts and power cuts. */
export class TagQueue {
  readonly #options: TagQueueOptions;
  readonly #path: string;
  readonly #wake = new Wake();
  #waiting: Tags;
  readonly #writes = new SerialQueue();

  private constructor(options: TagQueueOptions, waiting: Tags) {
    this.#options = options;
    this.#path = pathOf(options);
    this.#waiting = waiting;
  }

  static async open(options: TagQueueOptions): Promise<TagQueue> {
    const text = await readIfThere(pathOf(options));
    try {
      return new TagQueue(options, text === undefined ? {} : file.parse(JSON.parse(text)).tags);
    } catch {
      options.log.error("tags.json is malformed and forgotten");
      return new TagQueue(options, {});
    }
  }

  /** Queues tags; returns when they are on the disk. @throws HoldfastError `supervisor.too-many-tags` */
  async put(tags: Tags): Promise<void> {
    const waiting = { ...this.#waiting, ...tags };
    if (Object.keys(waiting).length > MAX_WAITING) {
      refuse("supervisor.too-many-tags", { message: `More than ${MAX_WAITING} tags wait for the fleet server.` });
    }
    this.#waiting = waiting;
    await this.#write();
    this.#wake.ring();
  }

  /** Sends what waits, until the signal fires. */
  async run(device: Registered, signal: AbortSignal): Promise<void> {
    const { clock, log, limitMs } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      if (Object.keys(this.#waiting).length === 0) {
        await this.#wake.wait(FOREVER_MS, clock, signal);
        continue;
      }
      try {
        await this.#send(device, signal);
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures === 1 && !signal.aborted) log.warn(`Tags cannot be sent: ${messageOf(error)}`);
      }
      await clock.sleep(failures === 0 ? GAP_MS : retryPause(failures, limitMs()), signal);
    }
  }

  async #send(device: Registered, signal: AbortSignal): Promise<void> {
    const sent = this.#waiting;
    const ask = { method: "PATCH", path: "/device/v3/tags", key: device.deviceKey, signal } as const;
    const answer = await this.#options.http.ask({ ...ask, body: { [device.uuid]: sent } });
    if (answer.status < 200 || answer.status > 299) throw serverRefusal("Tags were not taken", answer);
    // Those that were set anew meanwhile are for the next time.
    this.#waiting = Object.fromEntries(Object.entries(this.#waiting).filter(([tag, value]) => sent[tag] !== value));
    await this.#write();
  }

  /** One write at a time, in order; each writes the newest content. */
  #write(): Promise<void> {
    return this.#writes.run(() => writeDurably(this.#path, JSON.stringify({ version: 1, tags: this.#waiting })));
  }
}

function pathOf({ dataDir }: TagQueueOptions): string {
  return join(dataDir, "tags.json");
}
