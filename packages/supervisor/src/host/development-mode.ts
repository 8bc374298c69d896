import { existsSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The directory of the flag is made by the host while it boots; until then there is nothing to watch. */
const RETRY_MS = 30_000;

/** Development mode as the host has it: a file that exists in that mode only, and comes and goes live. */
export class DevelopmentMode {
  readonly #flag: string;

  constructor(flag: string) {
    this.#flag = flag;
  }

  isOn(): boolean {
    return existsSync(this.#flag);
  }

  /** Calls back with the mode as it is, and at each change of it, until the signal fires. */
  async follow(onChange: (isOn: boolean) => void, signal: AbortSignal): Promise<void> {
    let known: boolean | undefined;
    const look = (): void => {
      const isOn = this.isOn();
      if (isOn === known) return;
      known = isOn;
      onChange(isOn);
    };
    while (!signal.aborted) {
      const watching = await this.#watch(look, signal);
      look();
      if (!watching) await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Returns when the directory cannot be watched (any more); false when it never could. */
  #watch(look: () => void, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      try {
        const watcher = watch(dirname(this.#flag), { signal }, (_, name) => {
          if (name === null || name === basename(this.#flag)) look();
        });
        watcher.once("error", () => resolve(true));
        watcher.once("close", () => resolve(true));
        look();
      } catch {
        resolve(false);
      }
    });
  }
}
