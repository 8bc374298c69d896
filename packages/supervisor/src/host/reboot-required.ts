import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readIfThere } from "../storage/durable-file.ts";

/** A mark that what was applied counts after a reboot only. On the host's tmpfs: a reboot takes it away. */
export class RebootRequired {
  readonly #path: string;

  constructor(runtimeDir: string) {
    this.#path = join(runtimeDir, "reboot-after-apply");
  }

  /** Asks for a reboot once everything is applied; the reason is for the log. */
  async mark(reason: string): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    await writeFile(this.#path, reason);
  }

  /** Why a reboot is required; undefined when none is. */
  reason(): Promise<string | undefined> {
    return readIfThere(this.#path);
  }

  async clear(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}
