import type { Log } from "../log.ts";
import type { RebootRequired } from "./reboot-required.ts";

/** Tells, once per content, that services wait for a reboot: in the log, and by the mark that asks for it. */
export class RebootNeeded {
  readonly #required: Pick<RebootRequired, "mark">;
  readonly #log: Log;
  #told = "";

  constructor(required: Pick<RebootRequired, "mark">, log: Log) {
    this.#required = required;
    this.#log = log;
  }

  /** Everything else is as wanted; these services start after a reboot only. */
  async tell(services: readonly string[]): Promise<void> {
    const names = services.join(", ");
    if (names === this.#told) return;
    await this.#required.mark(`to start ${names}`);
    this.#told = names;
    this.#log.info(`A reboot is needed to start ${names}`);
  }
}
