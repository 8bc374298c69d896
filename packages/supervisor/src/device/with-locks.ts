import type { Current } from "../engine/current.ts";
import type { ServiceFiles } from "./service-files.ts";

/** Does something that restarts or cuts off all apps; `force` takes their update locks away first (compat 3.3). */
export type WithLocks = <T>(force: boolean, work: () => Promise<T>) => Promise<T>;

/** An app holds its update lock. The message is the one that clients know. */
export class UpdatesLocked extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "UpdatesLocked";
  }
}

/** @throws UpdatesLocked when an app holds its lock; nothing was done then */
export function withLocks(files: ServiceFiles, observe: () => Promise<Current>): WithLocks {
  return async (force, work) => {
    const current = await observe();
    if (force) await files.breakLocks(current);
    const apps = [...new Set(current.containers.map(({ appId }) => appId))];
    const [reason] = (await files.lockedApps(apps, current)).values();
    if (reason !== undefined) throw new UpdatesLocked(reason);
    return work();
  };
}
