import type { ApplyStatus } from "../apply/apply-loop.ts";
import type { ApplyWatch } from "../apply/apply-watch.ts";
import type { Scope } from "../device/key-ring.ts";
import type { Verdict } from "../health/release-trials.ts";
import type { LockRefusal } from "../locks/update-locks.ts";
import type { Step } from "../plan/step.ts";
import { EventRing, type SentEvent } from "./event-ring.ts";
import { planViews, type ServiceChange, serviceChanges } from "./state-views.ts";
import { stepView } from "./step-view.ts";

/** Events are noted so long after the last client has gone: who comes back by then misses nothing. */
const REMEMBER_MS = 300_000;

export type DeviceEventsOptions = {
  readonly status: () => ApplyStatus;
  /** Milliseconds of a clock that is never set. */
  readonly monotonic: () => number;
  readonly epoch: string;
};

type Listener = { readonly scope: Scope; readonly send: (event: SentEvent) => void };

/** What happens on the device, for whoever listens. While nobody does, it costs nothing. */
export class DeviceEvents implements ApplyWatch {
  readonly #options: DeviceEventsOptions;
  readonly #ring: EventRing;
  readonly #listeners = new Set<Listener>();
  #leftAt = Number.NEGATIVE_INFINITY;
  /** What was told last, as JSON, by what it is about. */
  #services = new Map<string, string>();
  #plans = new Map<number | "device", string>();
  #locks = new Map<string, LockRefusal["group"]>();
  #isApplied: boolean | undefined;

  constructor(options: DeviceEventsOptions) {
    this.#options = options;
    this.#ring = new EventRing(options.epoch);
  }

  /** How many listen now. */
  count(): number {
    return this.#listeners.size;
  }

  /**
   * Sends all that a scope may know, until the returned function is called: first what came after the event `after`, or,
   * when that is not known, a `snapshot`.
   */
  listen(listener: Listener, after: string | undefined): () => void {
    if (!this.#isWanted()) this.#wake();
    const missed = after === undefined ? undefined : this.#ring.since(after);
    if (missed === undefined) listener.send(this.#snapshot(listener.scope));
    else for (const event of missed) if (isFor(listener.scope, event.about)) listener.send(event);
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      this.#leftAt = this.#options.monotonic();
    };
  }

  planned(): void {
    if (!this.#isWanted()) return;
    const { plan, desired } = this.#options.status();
    const views = planViews(plan, desired);
    for (const [about, view] of views) this.#publishChange(this.#plans, about, "plan", view);
    for (const about of this.#plans.keys()) {
      if (views.has(about)) continue;
      this.#plans.delete(about);
      const appId = about === "device" ? null : about;
      this.#publish("plan", about, { appId, steps: [], waits: [], more: 0 });
    }
  }

  locked(refusals: readonly LockRefusal[]): void {
    if (!this.#isWanted()) return;
    const held = new Map(refusals.map((refusal) => [JSON.stringify(refusal), refusal.group]));
    for (const [key, { appId, services }] of this.#locks)
      if (!held.has(key)) this.#publish("lock", appId, { appId, services, reason: null });
    for (const { group, reason } of refusals) {
      if (this.#locks.has(JSON.stringify({ group, reason }))) continue;
      this.#publish("lock", group.appId, { appId: group.appId, services: group.services, reason });
    }
    this.#locks = held;
  }

  began(step: Step): void {
    this.#step("step-started", step, {});
  }

  progressed(step: Step, percent: number, bytes: number): void {
    this.#step("step-progress", step, { percent, bytes }, false);
  }

  ended(step: Step, failure?: { readonly message: string; readonly retryInMs: number }): void {
    if (failure === undefined) this.#step("step-ended", step, {});
    else
      this.#step("step-failed", step, {
        message: failure.message,
        retryInSeconds: Math.ceil(failure.retryInMs / 1000),
      });
  }

  looked(): void {
    if (!this.#isWanted()) return;
    const status = this.#options.status();
    for (const { key, change, text } of serviceChanges(status, this.#services)) this.#tellService(key, change, text);
    if (status.isApplied !== this.#isApplied) this.#publish("applied", "everyone", { applied: status.isApplied });
    this.#isApplied = status.isApplied;
  }

  /** A release was judged; a rejected one is left for the last good one. */
  judged({ app, fault }: Verdict): void {
    if (!this.#isWanted()) return;
    const verdict = fault === undefined ? "good" : "rejected";
    const { id: appId, uuid: appUuid, name, commit } = app;
    this.#publish("release", appId, { appId, appUuid, name, commit, verdict, reason: fault ?? null });
  }

  #tellService(key: string, change: ServiceChange, text: string | undefined): void {
    if (text === undefined) this.#services.delete(key);
    else this.#services.set(key, text);
    this.#publish("service", change.appId, change);
  }

  #step(kind: string, step: Step, more: object, isKept = true): void {
    if (!this.#isWanted()) return;
    const view = stepView(step, this.#options.status().desired);
    this.#publish(kind, view.appId ?? "device", { ...view, ...more }, isKept);
  }

  #publishChange(told: Map<number | "device", string>, about: number | "device", kind: string, view: object): void {
    const text = JSON.stringify(view);
    if (told.get(about) === text) return;
    told.set(about, text);
    this.#publish(kind, about, view);
  }

  #publish(kind: string, about: SentEvent["about"], data: object, isKept = true): void {
    const event = { kind, about, text: JSON.stringify(data) };
    const sent = isKept ? this.#ring.keep(event) : event;
    for (const { scope, send } of this.#listeners) if (isFor(scope, about)) send(sent);
  }

  #isWanted(): boolean {
    return this.#listeners.size > 0 || this.#options.monotonic() - this.#leftAt < REMEMBER_MS;
  }

  /** What is so now is in the snapshot; events tell what changes from here on. */
  #wake(): void {
    const status = this.#options.status();
    this.#ring.forget();
    this.#services = new Map();
    for (const { key, text } of serviceChanges(status, this.#services))
      if (text !== undefined) this.#services.set(key, text);
    this.#plans = new Map(
      [...planViews(status.plan, status.desired)].map(([about, view]) => [about, JSON.stringify(view)]),
    );
    this.#locks = new Map();
    this.#isApplied = status.isApplied;
  }

  #snapshot(scope: Scope): SentEvent {
    const status = this.#options.status();
    const services = serviceChanges(status, new Map()).map(({ change }) => change);
    const steps = [...status.running.values()].map((step) => stepView(step, status.desired));
    const plans = [...planViews(status.plan, status.desired).values()];
    const own = <T extends { readonly appId: number | null }>(all: readonly T[]): T[] =>
      all.filter(({ appId }) => isFor(scope, appId ?? "device"));
    const data = { applied: status.isApplied, services: own(services), steps: own(steps), plans: own(plans) };
    return { id: this.#ring.lastId(), kind: "snapshot", about: "everyone", text: JSON.stringify(data) };
  }
}

function isFor(scope: Scope, about: SentEvent["about"]): boolean {
  return scope.type === "global" || about === "everyone" || about === scope.appId;
}
