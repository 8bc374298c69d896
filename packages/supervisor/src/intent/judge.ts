import type { Failure } from "../apply/backoff.ts";
import { type Current, isUp, type ObservedContainer } from "../engine/current.ts";
import { volumesToPurge } from "../plan/plan-intents.ts";
import { type Plan, type Step, stepKey } from "../plan/step.ts";
import type { Desired } from "../spec/desired.ts";
import { volumeName } from "../spec/names.ts";
import type { Intent } from "./intent.ts";

/** What a round saw and decided. */
export type Scene = {
  readonly current: Current;
  readonly desired: Desired;
  readonly plan: Plan;
  /** Steps under way, and those that ended after the look: what was seen may be older than they are. */
  readonly running: readonly Step[];
  readonly failureOf: (key: string) => Failure | undefined;
};

/** How far an intent is: to be gone on with, carried out, or failed with the reason. */
export type Verdict = "open" | "done" | { readonly failed: string };

/** The containers of an intent's services. */
export function containersOf(intent: Intent, current: Current): ObservedContainer[] {
  return current.containers.filter(({ appId, service }) => appId === intent.appId && isOf(intent, service));
}

/** Whether nothing is left of what a purge takes away. */
export function isPurged(intent: Extract<Intent, { readonly do: "purge" }>, scene: Scene): boolean {
  const { current, desired, running } = scene;
  return (
    containersOf(intent, current).length === 0 &&
    volumesToPurge(intent, current, desired).length === 0 &&
    !running.some((step) => concerns(step, intent, desired))
  );
}

export type Judged = {
  readonly intent: Intent;
  /** Containers that a restart has to do away with. */
  readonly left: ReadonlySet<string>;
  /** Containers that a step has started or restarted since. */
  readonly acted: ReadonlySet<string>;
};

/** Judges an intent by what its containers are, and by the steps that the plan has for its app. Pure. */
export function judge({ intent, left, acted }: Judged, scene: Scene): Verdict {
  const { current, desired, plan, running } = scene;
  const containers = containersOf(intent, current);
  const isGone = !containers.some(({ id }) => left.has(id) && !acted.has(id));
  if (intent.do === "stop") {
    const isTouched = running.some((step) => worksOn(step, intent));
    if (!isTouched && !containers.some(isUp)) return "done";
  } else if (isGone && isBack({ intent, left, acted }, scene)) {
    return "done";
  }
  const reason = failureIn(intent, scene);
  if (reason !== undefined) return { failed: reason };
  const isIdle = ![...plan.steps, ...running].some((step) => concerns(step, intent, desired));
  // What is left waits for something else, a dependency's health perhaps: the loop goes on, nobody has to stand by.
  return intent.do !== "stop" && isGone && isIdle ? "done" : "open";
}

/** Whether every service that should run was started, or has been since. */
function isBack({ intent, acted }: Judged, { current, desired }: Scene): boolean {
  const containers = containersOf(intent, current);
  const specs = desired.apps.find(({ id }) => id === intent.appId)?.services ?? [];
  const wanted = specs.filter(({ service, running }) => running && isOf(intent, service));
  if (!wanted.every((spec) => containers.some((one) => one.service === spec.service && hasStarted(one)))) return false;
  return intent.do !== "start" || containers.every((one) => isUp(one) || acted.has(one.id));
}

/** Why a step that the intent needs has failed. A download does not count as long as the old container is there. */
function failureIn(intent: Intent, { plan, current, desired, failureOf }: Scene): string | undefined {
  const services = new Set(containersOf(intent, current).map(({ service }) => service));
  for (const step of plan.steps) {
    if (!concerns(step, intent, desired) || (step.do === "pull-image" && services.has(step.service))) continue;
    const failure = failureOf(stepKey(step));
    if (failure !== undefined) return failure.message;
  }
  return undefined;
}

const isOf = (intent: Intent, service: string): boolean => intent.do === "purge" || intent.services.includes(service);

/** Whether a step works on a container of the intent's services. */
function worksOn(step: Step, intent: Intent): boolean {
  const of = step.do === "create-container" ? step.spec : "of" in step ? step.of : undefined;
  return of !== undefined && of.appId === intent.appId && isOf(intent, of.service);
}

function hasStarted({ state }: ObservedContainer): boolean {
  return state === "running" || state === "restarting" || state === "paused" || state === "exited";
}

/** Whether a step works on the intent's services, or on an image, network or volume of its app. */
function concerns(step: Step, intent: Intent, desired: Desired): boolean {
  const { appId } = intent;
  const app = desired.apps.find(({ id }) => id === appId);
  switch (step.do) {
    case "create-volume":
      return app?.volumes.some(({ name }) => name === step.volume.name) === true;
    case "remove-volume":
      return step.name.startsWith(volumeName(appId, ""));
    case "create-network":
    case "remove-network":
      return app?.networks.some(({ name }) => name === networkOf(step)) === true;
    case "pull-image":
      return app?.services.some(({ image }) => image === step.image) === true;
    case "remove-image":
      return false;
    default:
      return worksOn(step, intent);
  }
}

function networkOf(step: Extract<Step, { readonly do: "create-network" | "remove-network" }>): string {
  return step.do === "create-network" ? step.network.name : step.name;
}
