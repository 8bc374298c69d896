import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf } from "@holdfast/contracts";
import { formatSupervisorSigns, type ServerContact, SUPERVISOR_SIGNS } from "@holdfast/contracts/host";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { readIfThere } from "../storage/durable-file.ts";

const LOOK_MS = 5_000;

export type SelfSignsOptions = {
  readonly runtimeDir: string;
  /** Config digest of the image that runs. */
  readonly image: string;
  readonly hasLooked: () => boolean;
  readonly server: () => ServerContact;
  readonly clock: Clock;
  readonly log: Log;
};

/** Tells the host how this supervisor is, in memory: it may be on trial. */
export class SelfSigns {
  readonly #options: SelfSignsOptions;

  constructor(options: SelfSignsOptions) {
    this.#options = options;
  }

  /** Runs until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.say();
      await this.#options.clock.sleep(LOOK_MS, signal);
    }
  }

  /** Writes what changed. Never throws: the next time may be better. */
  async say(): Promise<void> {
    const { runtimeDir, image: id, hasLooked, server, log } = this.#options;
    const text = formatSupervisorSigns({ id, hasLooked: hasLooked(), server: server() });
    const path = join(runtimeDir, SUPERVISOR_SIGNS);
    try {
      // The host forgets what a former run said, and may do so while this one runs already.
      if ((await readIfThere(path)) === text) return;
      await mkdir(dirname(path), { recursive: true });
      await writeFile(`${path}.new`, text);
      await rename(`${path}.new`, path);
    } catch (error) {
      log.warn(`${path} cannot be written: ${messageOf(error)}`);
    }
  }
}
