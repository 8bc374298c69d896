import { parseWire, type WireApps, wireApps } from "@holdfast/contracts";
import { runStep } from "../apply/run-step.ts";
import { ReleaseHealth } from "../health/release-health.ts";
import { ReleaseRecord } from "../health/release-record.ts";
import { UnhealthyRestarts } from "../health/unhealthy-restarts.ts";
import { plan } from "../plan/plan.ts";
import { type Desired, desiredFrom } from "../spec/desired.ts";
import { targetInEffect } from "../target/target-in-effect.ts";
import { freshContext } from "./converge.ts";
import { noEffects, type TestApp, testFacts, wireOf } from "./fixtures.ts";
import { recordingLog } from "./scratch.ts";
import type { SimulatedEngine } from "./simulated-engine.ts";

/** Time that passes between two looks. */
const ROUND_MS = 2000;

/** Thrown where a test lets the process die. */
export class Killed extends Error {}

/** A supervisor's releases, plans and steps on a simulated engine, one life of the process at a time. */
export class TrialDevice {
  readonly engine: SimulatedEngine;
  readonly dataDir: string;
  readonly log = recordingLog();
  isLocalMode = false;
  /** Its containers take long to start. */
  isSlow = false;
  /** Counts the places where the process may die; it does at this one. */
  killAt = -1;
  places = 0;
  desired: Desired | undefined;
  #wanted: WireApps = {};
  #now = 0;
  #life: { readonly health: ReleaseHealth; readonly restarts: UnhealthyRestarts } | undefined;

  constructor(engine: SimulatedEngine, dataDir: string) {
    this.engine = engine;
    this.dataDir = dataDir;
  }

  /** The process starts (again): whatever it had in memory is gone. */
  async boot(): Promise<void> {
    const restarts = new UnhealthyRestarts();
    const health = new ReleaseHealth({
      record: await ReleaseRecord.open(this.dataDir, this.log),
      log: this.log,
      monotonic: () => this.#now,
      isDefaultOff: () => this.isLocalMode,
      isStarting: () => this.isSlow,
      restartsOf: (id) => this.engine.restartsOf(id),
      healthRestartsOf: (id) => restarts.countOf(id),
    });
    this.#life = { health, restarts };
    await this.#enter();
  }

  async want(app: TestApp): Promise<void> {
    this.#wanted = parseWire(wireApps, wireOf(app), "test");
    await this.#enter();
  }

  /** The release that is in effect. */
  commit(): string | undefined {
    return this.desired?.apps[0]?.commit;
  }

  /** Lives for so long; events are told of as the engine would. */
  async live(ms: number): Promise<void> {
    for (const end = this.#now + ms; this.#now < end; this.#now += ROUND_MS) {
      await this.#round();
      this.engine.now += ROUND_MS;
    }
  }

  async #enter(): Promise<void> {
    const health = this.#alive().health;
    const target = targetInEffect(this.#wanted, { ...health.knowledge(), provided: testFacts.provided });
    this.#place();
    await health.enter(target);
    this.#place();
    this.desired = desiredFrom(target, testFacts);
  }

  async #round(): Promise<void> {
    const { health, restarts } = this.#alive();
    for (const container of this.engine.containers.values()) {
      if (container.state === "restarting") health.heard({ action: "die", containerId: container.id });
    }
    const current = await this.engine.observe();
    const hasVerdict = await health.look(current, this.desired);
    this.#place();
    if (hasVerdict) await this.#enter();
    const desired = this.desired;
    if (desired === undefined) return;
    const seenRunning = new Set(current.containers.map(({ id }) => id));
    const restartPauses = restarts.pauses(current, this.#now);
    const { steps } = plan(current, desired, { ...freshContext(this.engine), seenRunning, restartPauses });
    for (const step of steps) {
      this.#place();
      await runStep(this.engine, noEffects, step, { signal: AbortSignal.timeout(60_000) });
      if (step.do === "restart-container") restarts.restarted(step.id, this.#now);
      this.#place();
    }
  }

  #alive() {
    if (this.#life === undefined) throw new Error("boot first");
    return this.#life;
  }

  #place(): void {
    this.places += 1;
    if (this.places - 1 === this.killAt) throw new Killed();
  }
}
