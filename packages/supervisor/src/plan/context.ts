import type { IntentView } from "../intent/intent.ts";
import type { Space } from "./space.ts";

/** What the planner has to know besides what is and what should be. All of it may be lost without harm. */
export type PlanContext = {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /**
   * Containers that this process has started or seen running. One that exited since is the engine's business (its
   * restart policy) or was stopped on purpose; one that is found exited at the start is brought up once.
   */
  readonly seenRunning: ReadonlySet<string>;
  /** Unhealthy containers that were restarted lately -> milliseconds until they may be again. */
  readonly restartPauses: ReadonlyMap<string, number>;
  /** What is free and what downloads need. */
  readonly space: Space;
  /** `<appId>/<service>` of services whose new container said that it has taken over. */
  readonly handedOver: ReadonlySet<string>;
  /** Apps with a held update lock -> why they may not be touched. */
  readonly lockedApps: ReadonlyMap<number, string>;
  /** `<appId>/<service>` of services whose lock is their own and held -> why they may not be touched. */
  readonly lockedServices: ReadonlyMap<string, string>;
  /** What was asked for besides the target. */
  readonly intents: IntentView;
  /** Local mode keeps images and volumes. */
  readonly keepImages: boolean;
  readonly keepVolumes: boolean;
  /** References that the supervisor fetched or found in a target; no other image is ever removed. */
  readonly ownedImages: readonly string[];
};
