import { HoldfastError, worldError } from "@holdfast/contracts";
import { type Current, isUp } from "../engine/current.ts";
import type { LockRefusal } from "../locks/update-locks.ts";
import type { Step } from "../plan/step.ts";
import type { Intent, IntentView } from "./intent.ts";
import type { IntentStore } from "./intent-store.ts";
import { containersOf, isPurged, judge, type Scene } from "./judge.ts";

/** Each one waiting is a request that waits. */
const MAX_PENDING = 64;

type Pending = {
  readonly intent: Intent;
  readonly isForced: boolean;
  /** Containers that were there when it was asked for. */
  readonly left: ReadonlySet<string>;
  /** Containers that a step has started or restarted since. */
  readonly acted: Set<string>;
  /** Locks were taken: from here on it is carried out. */
  isAccepted: boolean;
  readonly end: (error?: unknown) => void;
};

/**
 * What was asked for and is not done yet. The apply loop shows it to the planner and reports back; whoever asked waits
 * for the end. A purge is on the disk before its first step, so it survives the process.
 */
export class Intents {
  readonly #store: IntentStore;
  #pending: readonly Pending[] = [];

  constructor(store: IntentStore) {
    this.#store = store;
  }

  /**
   * Resolves when it is carried out.
   * @throws HoldfastError `supervisor.updates-locked` when a user forbids it, `supervisor.action-failed` otherwise
   */
  add(intent: Intent, options: { readonly current: Current | undefined; readonly force: boolean }): Promise<void> {
    if (this.#pending.length >= MAX_PENDING) throw failed("Too many actions are under way");
    const containers = options.current === undefined ? [] : containersOf(intent, options.current);
    for (const other of this.#pending) {
      if (contradict(other.intent, intent)) this.#end(other, failed("Another request asked for the opposite"));
    }
    if (intent.do !== "stop") for (const { id } of containers) this.#store.stopped.delete(id);
    return new Promise((resolve, reject) => {
      const entry: Pending = {
        intent,
        isForced: options.force,
        left: new Set(intent.do === "restart" ? containers.map(({ id }) => id) : []),
        acted: new Set(),
        isAccepted: false,
        end: (error) => (error === undefined ? resolve() : reject(error)),
      };
      this.#pending = [...this.#pending, entry];
    });
  }

  /** Apps whose users' locks do not count now. */
  forcedApps(): ReadonlySet<number> {
    return new Set(this.#pending.flatMap(({ intent, isForced }) => (isForced ? [intent.appId] : [])));
  }

  /** What the planner has to take into account. */
  view(current: Current): IntentView {
    this.#forgetMarks(current);
    const idsOf = (kind: Intent["do"], pick: (one: Pending) => string[]): string[] =>
      this.#pending.flatMap((one) => (one.intent.do === kind ? pick(one) : []));
    const present = (one: Pending) => containersOf(one.intent, current).map(({ id }) => id);
    const unhandled = (one: Pending) => present(one).filter((id) => !one.acted.has(id));
    const purge = new Map(this.#store.purges);
    for (const { intent, isAccepted } of this.#pending) {
      if (intent.do === "purge" && !isAccepted) purge.set(intent.appId, intent.appUuid);
    }
    return {
      replace: new Set(idsOf("restart", (one) => [...one.left].filter((id) => !one.acted.has(id)))),
      stopped: new Set([...this.#store.stopped, ...idsOf("stop", present)]),
      start: new Set(idsOf("start", unhandled)),
      purge,
    };
  }

  /** Ends those that a user's lock forbids; what was accepted goes on when the lock is gone. */
  refuseLocked(refusals: readonly LockRefusal[]): void {
    for (const one of this.#pending) {
      const { intent, isAccepted } = one;
      // A start takes nothing away: no lock forbids it.
      if (isAccepted || intent.do === "start") continue;
      const refusal = refusals.find(({ group }) => group.appId === intent.appId && touches(intent, group.services));
      if (refusal !== undefined) this.#end(one, locked(refusal.reason));
    }
  }

  /** Nothing forbids the rest. Returns when the purges among them are on the disk. */
  async accept(): Promise<void> {
    const fresh = this.#pending.filter(({ isAccepted }) => !isAccepted);
    if (fresh.length === 0) return;
    for (const { intent } of fresh) if (intent.do === "purge") this.#store.purges.set(intent.appId, intent.appUuid);
    try {
      await this.#store.save();
    } catch (error) {
      for (const { intent } of fresh) if (intent.do === "purge") this.#store.purges.delete(intent.appId);
      this.fail(error);
      throw error;
    }
    for (const one of fresh) one.isAccepted = true;
  }

  /** The engine cannot be reached, or the disk is full: those that were not begun end. */
  fail(error: unknown): void {
    for (const one of this.#pending) if (!one.isAccepted) this.#end(one, error);
  }

  /** A step succeeded. */
  stepDone(step: Step): void {
    if (step.do !== "start-container" && step.do !== "restart-container") return;
    const kind = step.do === "start-container" ? "start" : "restart";
    for (const { intent, acted } of this.#pending) {
      if (intent.do === kind && intent.appId === step.of.appId) acted.add(step.id);
    }
  }

  /**
   * Ends what is carried out or failed, and forgets marks that no longer hold. Returns when that is on the disk; true
   * when the planner has to look again at once.
   */
  async review(scene: Scene): Promise<boolean> {
    const purged = new Set<number>();
    for (const [appId, appUuid] of this.#store.purges) {
      if (isPurged({ do: "purge", appId, appUuid }, scene)) purged.add(appId);
    }
    const verdicts = this.#pending
      .filter((one) => this.#isJudged(one))
      .map((one) => ({ one, verdict: judge(one, scene) }));
    for (const appId of purged) this.#store.purges.delete(appId);
    for (const { one, verdict } of verdicts) {
      if (verdict !== "done" || one.intent.do !== "stop") continue;
      for (const { id } of containersOf(one.intent, scene.current)) this.#store.stopped.add(id);
    }
    await this.#store.save();
    for (const { one, verdict } of verdicts) {
      if (verdict === "done") this.#end(one);
      else if (verdict !== "open") this.#end(one, failed(verdict.failed));
    }
    return purged.size > 0;
  }

  /** A purge is judged when its first half is over: by then the plan makes everything anew. */
  #isJudged({ intent, isAccepted }: Pending): boolean {
    return isAccepted && !(intent.do === "purge" && this.#store.purges.has(intent.appId));
  }

  /** A container that runs again was started by the engine or by hand; one that is gone needs no mark. */
  #forgetMarks(current: Current): void {
    const down = new Set(current.containers.filter((one) => !isUp(one)).map(({ id }) => id));
    for (const id of this.#store.stopped) if (!down.has(id)) this.#store.stopped.delete(id);
  }

  #end(one: Pending, error?: unknown): void {
    this.#pending = this.#pending.filter((other) => other !== one);
    one.end(error);
  }
}

function contradict(a: Intent, b: Intent): boolean {
  if (a.appId !== b.appId || a.do === "purge" || b.do === "purge") return false;
  const isOpposite = (a.do === "stop") !== (b.do === "stop");
  return isOpposite && a.services.some((service) => b.services.includes(service));
}

function touches(intent: Intent, services: readonly string[]): boolean {
  return intent.do === "purge" || intent.services.some((service) => services.includes(service));
}

function locked(reason: string): HoldfastError {
  const hint = "Wait for the app to release its lock, or use force.";
  return new HoldfastError("refusal", "supervisor.updates-locked", { message: reason, hint });
}

const failed = (message: string): HoldfastError => worldError("supervisor.action-failed", { message });
