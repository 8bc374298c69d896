import type { Current } from "../engine/current.ts";
import type { Desired } from "../spec/desired.ts";
import type { PlanContext } from "./context.ts";
import type { Draft } from "./draft.ts";
import { ImageIndex } from "./image-index.ts";
import { planApp } from "./plan-app.ts";
import { planPurge } from "./plan-intents.ts";
import { findRemovableImages, planLeftovers } from "./plan-leftovers.ts";
import { pullObstacles } from "./space.ts";
import type { Plan } from "./step.ts";

/**
 * Decides what may be done now to bring the engine from what it is to what it should be. Pure and deterministic. The
 * plan is one round: its steps are independent of each other; when any is done, look again and plan again. A plan
 * without steps and waits means that all is as it should be.
 */
export function plan(current: Current, desired: Desired, context: PlanContext): Plan {
  const images = new ImageIndex(current.images);
  const removableImages = findRemovableImages({ current, desired, images, context });
  const takenNames = new Set(current.containers.map(({ name }) => name));
  const findings = { steps: [], waits: [], recheckAfterMs: undefined };
  const draft: Draft = { current, context, images, takenNames, removableImages, ...findings };
  const present = new Set(current.networks.map((network) => network.name));
  for (const network of desired.networks) {
    if (!present.has(network.name)) draft.steps.push({ do: "create-network", network });
  }
  const { purge } = context.intents;
  for (const app of desired.apps) if (app.isFrozen !== true && !purge.has(app.id)) planApp(draft, app);
  for (const [appId, appUuid] of purge) planPurge(draft, { appId, appUuid }, desired);
  planPrefetch(draft, desired.prefetch);
  planLeftovers(draft, desired);
  const { steps, waits, recheckAfterMs } = draft;
  return { steps: withoutRepeats(steps), waits, ...(recheckAfterMs === undefined ? {} : { recheckAfterMs }) };
}

/** A held update is downloaded, as far as there is room beside what runs. */
function planPrefetch(draft: Draft, prefetch: Desired["prefetch"]): void {
  const missing = prefetch.filter(({ image }) => !draft.images.has(image));
  const obstacles = pullObstacles(
    missing.map(({ image }) => image),
    draft.context.space,
  );
  for (const { appId, service, image } of missing) {
    const reason = obstacles.get(image);
    if (reason === undefined) draft.steps.push({ do: "pull-image", image, service });
    else draft.waits.push({ appId, service, reason });
  }
}

/** Two services on one image make one download. */
function withoutRepeats(steps: Plan["steps"]): Plan["steps"] {
  const pulled = new Set<string>();
  return steps.filter((step) => {
    if (step.do !== "pull-image") return true;
    const isNew = !pulled.has(step.image);
    pulled.add(step.image);
    return isNew;
  });
}
