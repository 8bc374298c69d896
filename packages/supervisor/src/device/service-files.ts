import { chmod, lstat, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Current } from "../engine/current.ts";
import type { Desired } from "../spec/desired.ts";
import { serviceDirectory } from "../spec/names.ts";
import { isMissing } from "../storage/durable-file.ts";

const LOCK_FILES = ["updates.lock", "resin-updates.lock"];
const HANDOVER_FILES = ["handover-complete", "resin-kill-me"];
/** Locks of this owner are the supervisor's own (compat 4.4). */
const NOBODY = 65_534;
/** Every user of a container may create its lock, nobody may remove another's. */
const DIRECTORY_MODE = 0o1777;

/** The directories through which services and supervisor signal to each other: update locks and hand-over marks. */
export class ServiceFiles {
  readonly #runtimeDir: string;

  constructor(runtimeDir: string) {
    this.#runtimeDir = runtimeDir;
  }

  /** Makes a service's directory and removes what a former hand-over left. */
  async prepare(appId: number, service: string): Promise<void> {
    const directory = serviceDirectory(this.#runtimeDir, appId, service);
    await mkdir(directory, { recursive: true });
    await chmod(directory, DIRECTORY_MODE);
    for (const file of HANDOVER_FILES) await rm(join(directory, file), { force: true });
  }

  /** Which of the apps have a held lock, with the reason in the words that clients know. */
  async lockedApps(appIds: readonly number[], current: Current): Promise<Map<number, string>> {
    const locked = new Map<number, string>();
    for (const { appId, service } of current.containers) {
      if (!appIds.includes(appId) || locked.has(appId)) continue;
      if (await this.#isLocked(appId, service)) {
        locked.set(appId, `Updates are locked: Lockfile exists for { appId: ${appId}, service: ${service} }`);
      }
    }
    return locked;
  }

  /** Removes the locks that users hold: what `force` asks for (compat 3.3). */
  async breakLocks(current: Current): Promise<void> {
    for (const { appId, service } of current.containers) {
      const directory = serviceDirectory(this.#runtimeDir, appId, service);
      for (const file of LOCK_FILES) await rm(join(directory, file), { force: true, recursive: true });
    }
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

  async #isLocked(appId: number, service: string): Promise<boolean> {
    const directory = serviceDirectory(this.#runtimeDir, appId, service);
    const owners = await Promise.all(LOCK_FILES.map((file) => ownerOf(join(directory, file))));
    return owners.some((owner) => owner !== undefined && owner !== NOBODY);
  }

  async #takeMark(appId: number, service: string): Promise<boolean> {
    const directory = serviceDirectory(this.#runtimeDir, appId, service);
    for (const file of HANDOVER_FILES) {
      const path = join(directory, file);
      if ((await ownerOf(path)) === undefined) continue;
      await rm(path, { force: true, recursive: true });
      return true;
    }
    return false;
  }
}

async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).uid;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
