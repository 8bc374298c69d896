import { messageOf } from "@holdfast/contracts";
import type { Clock } from "../clock.ts";
import type { Current } from "../engine/current.ts";
import type { Engine } from "../engine/engine.ts";
import { UnhealthyRestarts } from "../health/unhealthy-restarts.ts";
import type { Intent } from "../intent/intent.ts";
import type { Intents } from "../intent/intents.ts";
import type { Scene } from "../intent/judge.ts";
import { lockedView } from "../locks/locked-view.ts";
import type { Log } from "../log.ts";
import type { PlanContext } from "../plan/context.ts";
import { plan } from "../plan/plan.ts";
import { type Plan, type Step, stepKey } from "../plan/step.ts";
import { type Desired, imagesOf } from "../spec/desired.ts";
import type { ApplyWatch } from "./apply-watch.ts";
import { Backoff, type Failure } from "./backoff.ts";
import { describeStep } from "./describe-step.ts";
import { LockPace } from "./lock-pace.ts";
import type { RoundEffects } from "./round-effects.ts";
import { runStep } from "./run-step.ts";
import { appOfStep, isDisruptive, laneOf } from "./step-kinds.ts";
import { Wake } from "./wake.ts";

export type ApplyOptions = {
  readonly engine: Engine;
  readonly intents: Intents;
  readonly effects: RoundEffects;
  readonly clock: Clock;
  readonly log: Log;
  /** Tells the fleet's owner what is done to services and images (compat 9). */
  readonly tell?: (message: string) => void;
  readonly watch?: ApplyWatch;
  /** Longest time between two looks, and the limit of every backoff, in milliseconds. */
  readonly pollIntervalMs: number;
  readonly random?: () => number;
};

/**
 * Steps that run at a time, by kind. Few, since each costs the device's disk; downloads take minutes, and stopping is
 * nothing but waiting for grace periods: neither may hold up the rest.
 */
const LANES = { pull: 2, stop: 16, other: 4 } as const;
/** The engine is on this device and restarts in seconds: no reason to wait for long. */
const MAX_ENGINE_DELAY_MS = 10_000;
/** Events come in bursts; one look answers all of them. */
const GATHER_MS = 20;

/** What the loop is doing, for the device API and the report. */
export type ApplyStatus = {
  readonly current: Current | undefined;
  readonly desired: Desired | undefined;
  readonly running: ReadonlyMap<string, Step>;
  readonly progress: ReadonlyMap<string, number>;
  readonly plan: Plan;
  readonly isApplied: boolean;
  /** When the last look at the engine was finished, in milliseconds since the epoch. */
  readonly lastRoundAt: number;
};

/**
 * Brings the engine to the desired state and keeps it there: look, plan, start what may be started, and again when a
 * step ends, an event comes or time has passed. One step per service, image, network or volume at a time; each backs
 * off on its own, so that one failing service does not stop the others.
 */
export class ApplyLoop {
  readonly #options: ApplyOptions;
  readonly #wake = new Wake();
  readonly #backoff: Backoff;
  readonly #locks: LockPace;
  readonly #running = new Map<string, { readonly step: Step; readonly abort: AbortController }>();
  readonly #progress = new Map<string, number>();
  readonly #finished = new Map<string, Step>();
  readonly #seenRunning = new Set<string>();
  readonly #unhealthy = new UnhealthyRestarts();
  #desired: Desired | undefined;
  #current: Current | undefined;
  #plan: Plan = { steps: [], waits: [] };
  #isPlanned = false;
  #lastRoundAt = 0;
  #isForced = false;
  #holdsLocks = false;
  #lastWaits = "";

  constructor(options: ApplyOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.pollIntervalMs, options.random);
    this.#locks = new LockPace(options.pollIntervalMs);
  }

  /** Takes a new desired state: failures are forgotten, downloads that it does not want are cancelled. */
  setDesired(desired: Desired): void {
    this.#desired = desired;
    this.#isPlanned = false;
    this.#backoff.clear();
    const wanted = new Set(imagesOf(desired));
    for (const { step, abort } of this.#running.values()) {
      if (step.do === "pull-image" && !wanted.has(step.image)) abort.abort();
    }
    this.#wake.ring();
  }

  /** Something may have changed: look again soon. */
  trigger(): void {
    this.#wake.ring();
  }

  /**
   * Tries again at once whatever failed or waits for a lock. Forced, update locks do not count until all is applied;
   * cancelled, downloads under way begin again from what they have.
   */
  retry({ force, cancel = false }: { readonly force: boolean; readonly cancel?: boolean }): void {
    for (const { step, abort } of this.#running.values()) if (cancel && step.do === "pull-image") abort.abort();
    this.#isForced ||= force;
    this.#locks.reset();
    this.#backoff.clear();
    this.#wake.ring();
  }

  /** Carries out an intent; resolves and throws as `Intents.add`. */
  carryOut(intent: Intent, { force }: { readonly force: boolean }): Promise<void> {
    const done = this.#options.intents.add(intent, { current: this.#current, force });
    this.retry({ force: false });
    return done;
  }

  /** Runs until the signal fires; steps under way are cancelled then, containers are left as they are. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => {
      for (const { abort } of this.#running.values()) abort.abort();
      this.#wake.ring();
    };
    signal.addEventListener("abort", stop, { once: true });
    while (!signal.aborted) {
      const pauseMs = await this.#round(signal);
      await this.#wake.wait(pauseMs, this.#options.clock, signal);
      await this.#options.clock.sleep(GATHER_MS, signal);
    }
  }

  status(): ApplyStatus {
    return {
      current: this.#current,
      desired: this.#desired,
      running: new Map([...this.#running].map(([key, { step }]) => [key, step])),
      progress: this.#progress,
      plan: this.#plan,
      isApplied: this.#isSettled() && !this.#holdsLocks && this.#isAllDone(),
      lastRoundAt: this.#lastRoundAt,
    };
  }

  /** How often a container was restarted because it was unhealthy. */
  healthRestartsOf(containerId: string): number {
    return this.#unhealthy.countOf(containerId);
  }

  /** Containers of an app are being made or started for the first time: that it takes long is the device's fault. */
  isStarting(appId: number): boolean {
    return [...this.#running].some(([key, { step }]) => {
      return isStartOf(step, appId) && this.#backoff.failureOf(key) === undefined;
    });
  }

  /** Whether something could not be done so far and is to be tried again. */
  hasFailed(): boolean {
    return this.#plan.steps.some((step) => this.#backoff.failureOf(stepKey(step)) !== undefined);
  }

  /** Why a service, image, network or volume could not be brought to what it should be, if so. */
  failureOf(key: string): Failure | undefined {
    return this.#backoff.failureOf(key);
  }

  #isAllDone(): boolean {
    return this.#plan.steps.length + this.#plan.waits.length + this.#running.size === 0;
  }

  /** Without a target nothing is to be done, as soon as it is sure that none comes. */
  #isSettled(): boolean {
    return this.#desired === undefined ? this.#current !== undefined : this.#isPlanned;
  }

  /** One look and its consequences; returns how long to wait unless something happens. */
  async #round(signal: AbortSignal): Promise<number> {
    const { engine, effects, intents, clock, log, pollIntervalMs } = this.#options;
    this.#finished.clear();
    try {
      const current = await engine.observe(signal);
      await effects.observed(current);
      this.#note(current);
      const desired = this.#desired;
      if (desired === undefined) return pollIntervalMs;
      const planned = await this.#makePlan(desired, current);
      if (desired !== this.#desired) return 0;
      this.#plan = planned;
      this.#isPlanned = true;
      this.#backoff.succeeded("engine");
      this.#logWaits(planned);
      await this.#askForReboot(planned);
      if (await intents.review(this.#scene(desired, current))) this.#wake.ring();
    } catch (error) {
      if (signal.aborted) return 0;
      intents.fail(error);
      const delay = this.#backoff.failed("engine", clock.now(), messageOf(error), MAX_ENGINE_DELAY_MS);
      log.warn(`${messageOf(error)}; trying again in ${Math.ceil(delay / 1000)} s`);
      return delay;
    }
    this.#lastRoundAt = clock.now();
    this.#options.watch?.planned();
    this.#startSteps(signal);
    await this.#endRound();
    this.#options.watch?.looked();
    return this.#pause();
  }

  /** What is not needed any more is let go. A failure costs nothing but a line in the log: the next round tries again. */
  async #endRound(): Promise<void> {
    const { effects, log } = this.#options;
    try {
      const busy = this.#busyApps();
      try {
        await effects.releaseLocks(busy);
      } finally {
        this.#holdsLocks = busy.size > 0;
      }
      if (!this.status().isApplied) return;
      this.#isForced = false;
      await effects.settled();
    } catch (error) {
      log.warn(`The end of an update cannot be completed: ${messageOf(error)}`);
    }
  }

  #note(current: Current): void {
    this.#current = current;
    const present = new Set<string>();
    for (const { id, state } of current.containers) {
      present.add(id);
      if (state === "running") this.#seenRunning.add(id);
    }
    for (const id of this.#seenRunning) if (!present.has(id)) this.#seenRunning.delete(id);
  }

  /**
   * Plans; when the plan downloads or touches running containers, once more with the room on the disk and around the
   * update locks that are held. The others are taken.
   */
  async #makePlan(desired: Desired, current: Current): Promise<Plan> {
    const { effects, intents, clock, log } = this.#options;
    const context: PlanContext = {
      ...effects.settings(),
      now: clock.now(),
      seenRunning: this.#seenRunning,
      restartPauses: this.#unhealthy.pauses(current, clock.monotonic()),
      handedOver: await effects.handedOver(desired, current),
      space: { freeBytes: Number.POSITIVE_INFINITY, needs: new Map() },
      lockedApps: new Map(),
      lockedServices: new Map(),
      intents: intents.view(current),
    };
    const free = plan(current, desired, context);
    const pulled = free.steps.flatMap((step) => (this.#isNewPull(step) ? [step.image] : []));
    const space = pulled.length === 0 ? context.space : await effects.space(pulled, current);
    const touched = free.steps.filter(isDisruptive).map(({ of }) => of);
    const forced = intents.forcedApps();
    const isForced = (appId: number) => this.#isForced || forced.has(appId);
    // Until they are let go: who waits for the end of an update may want to take a lock of its own then.
    this.#holdsLocks ||= touched.length > 0;
    const refusals = touched.length === 0 ? [] : await effects.takeLocks(touched, { desired, current, isForced });
    intents.refuseLocked(refusals);
    await intents.accept();
    const said = this.#locks.note(refusals);
    if (said !== undefined) log.warn(said);
    this.#options.watch?.locked(refusals);
    if (refusals.length + space.needs.size === 0) return free;
    return plan(current, desired, { ...context, space, ...lockedView(refusals), intents: intents.view(current) });
  }

  /** One under way was let through already, and takes up the room that it was let through for. */
  #isNewPull(step: Step): step is Extract<Step, { readonly do: "pull-image" }> {
    return step.do === "pull-image" && !this.#running.has(stepKey(step));
  }

  /** Steps under way, and those that ended after the look. */
  #unseen(): Step[] {
    return [...[...this.#running.values()].map(({ step }) => step), ...this.#finished.values()];
  }

  #scene(desired: Desired, current: Current): Scene {
    const running = this.#unseen();
    return { desired, current, plan: this.#plan, running, failureOf: (key) => this.#backoff.failureOf(key) };
  }

  /** Apps whose containers are being changed; not those that only wait, for a next try or for somebody else. */
  #busyApps(): ReadonlySet<number> {
    const now = this.#options.clock.now();
    const due = this.#plan.steps.filter((step) => !this.#backoff.isWaiting(stepKey(step), now));
    const steps = [...due, ...[...this.#running.values()].map(({ step }) => step)];
    return new Set(steps.flatMap((step) => appOfStep(step) ?? []));
  }

  #startSteps(signal: AbortSignal): void {
    const now = this.#options.clock.now();
    const busy = { pull: 0, stop: 0, other: 0 };
    for (const { step } of this.#running.values()) busy[laneOf(step)] += 1;
    for (const step of this.#plan.steps) {
      const key = stepKey(step);
      const lane = laneOf(step);
      if (this.#running.has(key) || this.#backoff.isWaiting(key, now)) continue;
      // It ended while we were looking: what we saw may be older than that. The next look is due already.
      if (this.#finished.has(key) || busy[lane] >= LANES[lane]) continue;
      if (step.do === "remove-volume" && this.#isCreating()) continue;
      busy[lane] += 1;
      void this.#perform(key, step, signal);
    }
  }

  /** The engine makes a missing volume along with a container: nothing is removed meanwhile. */
  #isCreating(): boolean {
    const steps = this.#unseen();
    return steps.some((step) => step.do === "create-container");
  }

  async #perform(key: string, step: Step, signal: AbortSignal): Promise<void> {
    const { engine, effects, intents, clock, log, watch } = this.#options;
    const words = describeStep(step);
    const abort = new AbortController();
    this.#running.set(key, { step, abort });
    this.#say(words.begin, words.object, words.because);
    watch?.began(step);
    const onProgress = (percent: number, bytes: number): void => {
      this.#progress.set(words.object, percent);
      watch?.progressed(step, percent, bytes);
    };
    if (step.do === "stop-container") this.#seenRunning.delete(step.id);
    if (step.do === "restart-container" && step.isUnhealthy === true)
      this.#unhealthy.restarted(step.id, clock.monotonic());
    try {
      await runStep(engine, effects, step, { signal: abort.signal, onProgress });
      if (step.do === "start-container") this.#seenRunning.add(step.id);
      intents.stepDone(step);
      this.#backoff.succeeded(key);
      this.#say(words.done, words.object);
      watch?.ended(step);
    } catch (error) {
      if (abort.signal.aborted || signal.aborted) return watch?.ended(step, { message: "cancelled", retryInMs: 0 });
      const delay = this.#backoff.failed(key, clock.now(), messageOf(error));
      const retry = `trying again in ${Math.ceil(delay / 1000)} s`;
      const failure = `${words.failed} '${words.object}' due to '${messageOf(error)}'`;
      log.warn(`${failure}; ${retry}`);
      this.#options.tell?.(failure);
      watch?.ended(step, { message: messageOf(error), retryInMs: delay });
    } finally {
      this.#running.delete(key);
      this.#progress.delete(words.object);
      this.#finished.set(key, step);
      this.#wake.ring();
    }
  }

  #say(words: string | undefined, object: string, because?: string): void {
    if (words === undefined) return;
    const sentence = `${words} '${object}'${because === undefined ? "" : ` due to '${because}'`}`;
    this.#options.log.info(sentence);
    this.#options.tell?.(sentence);
  }

  #pause(): number {
    const { clock, effects, pollIntervalMs } = this.#options;
    const now = clock.now();
    const lookMs = Math.min(effects.nextLookMs(), this.#plan.recheckAfterMs ?? pollIntervalMs);
    const retryAt = this.#backoff.nextRetry(this.#plan.steps.map(stepKey)) ?? Number.POSITIVE_INFINITY;
    return Math.max(0, Math.min(pollIntervalMs, this.#locks.delayMs(), retryAt - now, lookMs));
  }

  async #askForReboot({ steps, waits }: Plan): Promise<void> {
    if (steps.length + this.#running.size > 0 || waits.length === 0) return;
    if (waits.every(({ needsReboot }) => needsReboot === true))
      await this.#options.effects.rebootNeeded(waits.map(({ service }) => service));
  }

  /** Each reason is said once, not in every round. */
  #logWaits({ waits }: Plan): void {
    const said = waits.filter(({ reason }) => !this.#locks.covers(reason));
    const reasons = [...new Set(said.map((wait) => `${wait.service}: ${wait.reason}`))].join("; ");
    if (reasons !== this.#lastWaits && reasons !== "") this.#options.log.info(`Waiting: ${reasons}`);
    this.#lastWaits = reasons;
  }
}

function isStartOf(step: Step, appId: number): boolean {
  if (step.do === "create-container") return step.spec.appId === appId;
  return (step.do === "start-container" || step.do === "connect-network") && step.of.appId === appId;
}
