import type { Route } from "../api/router.ts";
import type { ApplyWatch } from "../apply/apply-watch.ts";
import type { EngineEvent } from "../engine/engine.ts";
import { type Step, stepKey } from "../plan/step.ts";

/** Counts since the start of the process; each one has a bounded number of kinds. */
export class Counters implements Omit<ApplyWatch, "planned" | "locked" | "looked" | "began"> {
  /** By `step result`. */
  readonly steps = new Map<string, number>();
  /** By `METHOD route status`. */
  readonly requests = new Map<string, number>();
  /** By what happened to containers. */
  readonly containers = new Map<"start" | "die" | "oom" | "unhealthy", number>();
  pulledBytes = 0;
  readonly #pulling = new Map<string, number>();

  progressed(step: Step, _percent: number, bytes: number): void {
    const key = stepKey(step);
    this.pulledBytes += Math.max(0, bytes - (this.#pulling.get(key) ?? 0));
    this.#pulling.set(key, bytes);
  }

  ended(step: Step, failure?: object): void {
    this.#pulling.delete(stepKey(step));
    add(this.steps, `${step.do} ${failure === undefined ? "done" : "failed"}`);
    if (step.do === "restart-container" && step.isUnhealthy === true) add(this.containers, "unhealthy");
  }

  /** Something happened to a container of ours. */
  heard({ action }: EngineEvent): void {
    if (action === "start" || action === "die" || action === "oom") add(this.containers, action);
  }

  /** The device API answered; without a route, there is none for what was asked. */
  readonly answered = (route: Route | undefined, status: number): void =>
    add(this.requests, `${route === undefined ? "- -" : `${route.method} ${route.path}`} ${status}`);
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
