import type { Current } from "../engine/current.ts";
import type { ServiceKey } from "../locks/lock-group.ts";
import type { LockRefusal } from "../locks/update-locks.ts";
import type { PlanContext } from "../plan/context.ts";
import type { Desired } from "../spec/desired.ts";
import type { StepEffects } from "./run-step.ts";

/** What the loop asks for anew in each round, besides what it knows itself. */
export type RoundEffects = StepEffects & {
  /** Called with each look at the engine, before planning. */
  readonly observed: (current: Current) => Promise<void>;
  readonly settings: () => Pick<PlanContext, "keepImages" | "keepVolumes" | "ownedImages">;
  /** Takes the update locks for what a plan wants to touch; returns those that others hold. */
  readonly takeLocks: (touched: readonly ServiceKey[], scene: LockScene) => Promise<readonly LockRefusal[]>;
  /** Lets go of all update locks but those of apps that are being changed. */
  readonly releaseLocks: (busyApps: ReadonlySet<number>) => Promise<void>;
  /** Everything is applied, locks are released. */
  readonly settled: () => Promise<void>;
  /** Services whose new container said that it has taken over. */
  readonly handedOver: (desired: Desired, current: Current) => Promise<PlanContext["handedOver"]>;
  /** What is free on the disk, and what is known of the images that are to be downloaded. */
  readonly space: (images: readonly string[], current: Current) => Promise<PlanContext["space"]>;
  /** Milliseconds until somebody besides the plan wants another look; infinite when nobody does. */
  readonly nextLookMs: () => number;
  /** All is as wanted but for services that start after a reboot. Called with each look. */
  readonly rebootNeeded: (services: readonly string[]) => Promise<void>;
};

export type LockScene = {
  readonly desired: Desired;
  readonly current: Current;
  /** Whether locks that the users of an app hold do not count this time. */
  readonly isForced: (appId: number) => boolean;
};
