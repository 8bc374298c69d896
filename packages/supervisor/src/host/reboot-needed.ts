import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../log.ts";

/** Tells, once per content, that services wait for a reboot: in the log, and by a mark that lasts until that reboot. */
export class RebootNeeded {
  readonly #mark: string;
  readonly #log: Log;
  #told = "";

  /** The mark lies in the host's /tmp, which a reboot empties. */
  constructor(runtimeDir: string, log: Log) {
    this.#mark = join(runtimeDir, "reboot-after-apply");
    this.#log = log;
  }

  /** Everything else is as wanted; these services start after a reboot only. */
  async tell(services: readonly string[]): Promise<void> {
    const names = services.join(", ");
    if (names === this.#told) return;
    await writeFile(this.#mark, "");
    this.#told = names;
    this.#log.info(`A reboot is needed to start ${names}`);
  }
}
