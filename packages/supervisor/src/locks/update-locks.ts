import { messageOf, refuse } from "@holdfast/contracts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { SerialQueue } from "../storage/serial-queue.ts";
import type { LockFiles } from "./lock-files.ts";
import type { LockGroup, ServiceKey } from "./lock-group.ts";

/** On whose behalf locks are taken: the apply loop's, or an action on the host such as a reboot. */
export type Holder = "apply" | "host";

/** A group that could not be locked, with the reason in the words that clients know (compat 3.3). */
export type LockRefusal = { readonly group: LockGroup; readonly reason: string };

/** Services that do not live, whose locks do not count (see `ServiceLives`). */
export type DeadServices = { readonly isDead: (service: ServiceKey) => boolean; readonly log: Log };

type TakeOptions = { readonly holder: Holder; readonly isForced: (group: LockGroup) => boolean };

/** How long an action on the host waits for an update that is being applied (compat 3.3). */
const PATIENCE_MS = 10_000;
const LOOK_MS = 200;

const keyOf = ({ appId, service }: ServiceKey): string => `${appId}/${service}`;
const membersOf = ({ appId, services }: LockGroup): ServiceKey[] => services.map((service) => ({ appId, service }));

/**
 * The supervisor's side of update locks. Before an app is touched, our own locks are made for its whole group: from
 * then on its users cannot take theirs, until we let go. Forcing removes the users' locks first.
 */
export class UpdateLocks {
  readonly #files: LockFiles;
  readonly #dead: DeadServices | undefined;
  readonly #held = new Map<string, { readonly service: ServiceKey; readonly holders: Set<Holder> }>();
  /** One change at a time: the apply loop and the device API come from different sides. */
  readonly #queue = new SerialQueue();

  /** Without `dead`, every lock counts. */
  constructor(files: LockFiles, dead?: DeadServices) {
    this.#files = files;
    this.#dead = dead;
  }

  /** Takes each group as a whole or not at all; returns those that somebody else holds. */
  take(groups: readonly LockGroup[], options: TakeOptions): Promise<readonly LockRefusal[]> {
    return this.#queue.run(async () => {
      const refusals: LockRefusal[] = [];
      for (const group of groups) {
        const reason = await this.#takeGroup(group, options).catch((error: unknown) =>
          this.#giveUp(group, options, error),
        );
        if (reason !== undefined) refusals.push({ group, reason });
      }
      return refusals;
    });
  }

  /** Lets go of a holder's locks, but for those of some apps. */
  release(holder: Holder, keepApps: ReadonlySet<number> = new Set()): Promise<void> {
    if (this.#held.size === 0) return Promise.resolve();
    return this.#queue.run(async () => {
      for (const { service } of [...this.#held.values()]) {
        if (!keepApps.has(service.appId)) await this.#letGo(service, holder);
      }
    });
  }

  /** Removes what a former process left. Called at the start, before anything is taken. */
  releaseLeftovers(): Promise<void> {
    return this.#queue.run(async () => {
      for (const service of await this.#files.services()) await this.#files.drop(service);
    });
  }

  /**
   * Does something to the host while no app is touched and none forbids it. Waits up to 10 s for an update under way.
   * The locks stay when `keep` says so (the device goes down), else they are released.
   * @throws HoldfastError `supervisor.updates-locked`
   */
  async withAll<T>(groups: () => readonly LockGroup[], work: HostWork<T>): Promise<T> {
    const { clock, force = false, keep = false } = work;
    const giveUp = clock.now() + PATIENCE_MS;
    let refusals: readonly LockRefusal[] = [];
    for (;;) {
      refusals = await this.take(groups(), { holder: "host", isForced: () => force });
      if (refusals.length === 0) break;
      await this.release("host");
      if (!refusals.every(({ reason }) => reason === BUSY.host) || clock.now() >= giveUp) {
        refuse("supervisor.updates-locked", { message: [...new Set(refusals.map(({ reason }) => reason))].join("; ") });
      }
      await clock.sleep(LOOK_MS);
    }
    let isDone = false;
    try {
      const result = await work.run();
      isDone = true;
      return result;
    } finally {
      if (!isDone || !keep) await this.release("host");
    }
  }

  async #takeGroup(group: LockGroup, { holder, isForced }: TakeOptions): Promise<string | undefined> {
    const force = isForced(group);
    const held = membersOf(group).map((service) => this.#held.get(keyOf(service))?.holders);
    if (held.every((holders) => holders?.has(holder) === true)) return undefined;
    const others = held.flatMap((holders) => [...(holders ?? [])]);
    if (others.some((other) => other !== holder) && !force) return BUSY[holder];
    for (const service of membersOf(group)) {
      if (force) await this.#files.breakUsers(service);
      if ((await this.#files.take(service)) || (await this.#takeFromDead(service))) {
        const holders = this.#held.get(keyOf(service))?.holders ?? new Set();
        this.#held.set(keyOf(service), { service, holders: holders.add(holder) });
        continue;
      }
      for (const taken of membersOf(group)) await this.#letGo(taken, holder);
      return `Lockfile exists for { appId: ${service.appId}, service: ${service.service} }`;
    }
    return undefined;
  }

  /** A lock that its service left behind is removed, and ours made instead. */
  async #takeFromDead(service: ServiceKey): Promise<boolean> {
    if (this.#dead?.isDead(service) !== true) return false;
    const name = `{ appId: ${service.appId}, service: ${service.service} }`;
    this.#dead.log.warn(`The update lock of ${name} is removed: the service keeps ending or does not run`);
    await this.#files.breakUsers(service);
    return this.#files.take(service);
  }

  /** The directory cannot be written: what is not locked is not touched, and everything else goes on. */
  async #giveUp(group: LockGroup, { holder }: TakeOptions, error: unknown): Promise<string> {
    for (const taken of membersOf(group)) await this.#letGo(taken, holder).catch(() => undefined);
    return `Update locks of app ${group.appId} cannot be taken: ${messageOf(error)}`;
  }

  async #letGo(service: ServiceKey, holder: Holder): Promise<void> {
    const held = this.#held.get(keyOf(service));
    if (held === undefined || !held.holders.delete(holder) || held.holders.size > 0) return;
    this.#held.delete(keyOf(service));
    await this.#files.drop(service);
  }
}

/** Why a holder has to wait for the other one. */
const BUSY: Readonly<Record<Holder, string>> = {
  apply: "The device is about to be changed or restarted",
  host: "An update is being applied",
};

type HostWork<T> = {
  readonly clock: Clock;
  readonly force?: boolean;
  readonly keep?: boolean;
  readonly run: () => Promise<T>;
};
