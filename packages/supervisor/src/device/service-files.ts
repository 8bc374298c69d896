import { unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Current } from "../engine/current.ts";
import { makeServiceDirectory } from "../locks/lock-files.ts";
import type { Desired } from "../spec/desired.ts";
import { serviceDirectory } from "../spec/names.ts";
import { isMissing } from "../storage/durable-file.ts";

const HANDOVER_FILES = ["handover-complete", "resin-kill-me"];

/** The directories through which services and supervisor signal to each other; here, the marks of hand-overs. */
export class ServiceFiles {
  readonly #runtimeDir: string;

  constructor(runtimeDir: string) {
    this.#runtimeDir = runtimeDir;
  }

  /** Makes a service's directory and removes what a former hand-over left. */
  async prepare(appId: number, service: string): Promise<void> {
    const directory = await makeServiceDirectory(this.#runtimeDir, { appId, service });
    for (const file of HANDOVER_FILES) await take(join(directory, file));
  }

  /** Services with two containers side by side whose new one left its mark; the mark is taken away. */
  async handedOver(desired: Desired, current: Current, before: Set<string>): Promise<ReadonlySet<string>> {
    for (const spec of desired.apps.flatMap((app) => app.services)) {
      const key = `${spec.appId}/${spec.service}`;
      const containers = current.containers.filter((c) => c.appId === spec.appId && c.service === spec.service);
      if (spec.strategy !== "hand-over" || containers.length < 2) before.delete(key);
      else if (!before.has(key) && (await this.#takeMark(spec.appId, spec.service))) before.add(key);
    }
    return before;
  }

  async #takeMark(appId: number, service: string): Promise<boolean> {
    const directory = serviceDirectory(this.#runtimeDir, appId, service);
    for (const file of HANDOVER_FILES) {
      const path = join(directory, file);
      if (await take(path)) return true;
    }
    return false;
  }
}

/** Takes a mark away; false when there is none. A directory in its place is no mark: containers write here. */
async function take(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (isMissing(error) || (error instanceof Error && "code" in error && error.code === "EISDIR")) return false;
    throw error;
  }
}
