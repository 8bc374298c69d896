import { access } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, refuse } from "@holdfast/contracts";
import type { Clock } from "../clock.ts";
import type { LockGroup } from "../locks/lock-group.ts";
import type { UpdateLocks } from "../locks/update-locks.ts";
import type { Log } from "../log.ts";
import type { HostPower } from "./host-power.ts";
import type { RebootRequired } from "./reboot-required.ts";

/** While one of these is on the state partition, an update of the OS is not yet confirmed (compat 7.4). */
const UPDATE_MARKS = ["rollback-health-breadcrumb", "rollback-altboot-breadcrumb"];
/** Time for the answer to reach whoever asked (compat 3.1). */
const BEFORE_MS = 1000;
/** systemd forces a shutdown that takes longer; a device that is still up then was not shut down. */
const GIVE_UP_MS = 600_000;

export type HostActionsOptions = {
  readonly power: HostPower;
  readonly locks: UpdateLocks;
  /** All that may hold a lock. */
  readonly lockGroups: () => readonly LockGroup[];
  /** The fleet says that locks do not count. */
  readonly isOverridden: () => boolean;
  readonly required: RebootMark;
  /** Where the state partition is. */
  readonly stateDir: string;
  readonly clock: Clock;
  readonly log: Log;
};

type RebootMark = Pick<RebootRequired, "mark" | "reason" | "clear">;
type ActOptions = { readonly force: boolean };

/** What touches all apps at once: no app may be in the middle of something that its lock protects. */
export class HostActions {
  readonly #options: HostActionsOptions;
  #awaited = "";

  constructor(options: HostActionsOptions) {
    this.#options = options;
  }

  /** Returns when the reboot is certain to be asked for, in a second. @throws `supervisor.updates-locked` */
  reboot(options: ActOptions): Promise<void> {
    return this.#goDown("Rebooting", () => this.#options.power.reboot(), options);
  }

  /** As `reboot`, but the device stays off. */
  shutdown(options: ActOptions): Promise<void> {
    return this.#goDown("Shutting down", () => this.#options.power.shutdown(), options);
  }

  /** Does something to the host while no app is touched and none forbids it. @throws `supervisor.updates-locked` */
  withLocks<T>({ force }: ActOptions, run: () => Promise<T>, keep = false): Promise<T> {
    const { locks, lockGroups, isOverridden, clock } = this.#options;
    return locks.withAll(lockGroups, { clock, force: force || isOverridden(), keep, run });
  }

  /** Reboots when what was applied asks for it; locks and updates of the OS put it off until the next call. */
  async rebootIfRequired(): Promise<void> {
    const { required, log } = this.#options;
    const reason = await required.reason();
    if (reason === undefined) return;
    try {
      await this.reboot({ force: false });
      log.info(`Reboot has been scheduled to apply changes: ${reason}`);
      await required.clear();
    } catch (error) {
      log.warn(`A reboot is required to apply changes (${reason}), but: ${messageOf(error)}`);
    }
  }

  /** Everything else is as wanted; these services start after a reboot only. Said once, and tried until it comes. */
  async rebootToStart(services: readonly string[]): Promise<void> {
    const { required, log } = this.#options;
    const names = services.join(", ");
    if (names !== this.#awaited) {
      await required.mark(`to start ${names}`);
      this.#awaited = names;
      log.info(`A reboot is needed to start ${names}`);
    }
    await this.rebootIfRequired();
  }

  async #goDown(words: string, act: () => Promise<void>, { force }: ActOptions): Promise<void> {
    const { stateDir, log } = this.#options;
    if (!force && (await isAnyThere(UPDATE_MARKS.map((name) => join(stateDir, name))))) {
      refuse("supervisor.updates-locked", { message: "Waiting for Host OS update to finish" });
    }
    await this.withLocks({ force }, async () => log.info(words), true);
    void this.#actLater(words, act);
  }

  /** Never throws: nobody waits for it. */
  async #actLater(words: string, act: () => Promise<void>): Promise<void> {
    const { clock, locks, log } = this.#options;
    await clock.sleep(BEFORE_MS);
    try {
      await act();
      await clock.sleep(GIVE_UP_MS);
      log.error(`${words}: the device is still up`);
    } catch (error) {
      log.error(`${words}: ${messageOf(error)}`);
    }
    await locks.release("host");
  }
}

async function isAnyThere(paths: readonly string[]): Promise<boolean> {
  const found = paths.map((path) =>
    access(path).then(
      () => true,
      () => false,
    ),
  );
  return (await Promise.all(found)).includes(true);
}
