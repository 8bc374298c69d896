import type { Current, ObservedContainer } from "../engine/current.ts";
import type { PlanContext } from "./context.ts";
import type { ImageIndex } from "./image-index.ts";
import type { Step, Wait } from "./step.ts";

/** A plan being written, with what all its parts look at. */
export type Draft = {
  readonly current: Current;
  readonly context: PlanContext;
  readonly images: ImageIndex;
  /** Names of containers, none of which can be given twice. */
  readonly takenNames: ReadonlySet<string>;
  /** Images that go in this round; delete-then-download waits for them. */
  readonly removableImages: readonly string[];
  readonly steps: Step[];
  readonly waits: Wait[];
  recheckAfterMs: number | undefined;
};

/** Asks for another look after so many milliseconds; the earliest wish counts. */
export function recheckAfter(draft: Draft, ms: number): void {
  draft.recheckAfterMs = Math.min(ms, draft.recheckAfterMs ?? ms);
}

export type Survivor = { readonly id: string; readonly restart: string };

/** Takes a container away: a running one is stopped first, by a step of its own, so that each step can be repeated. */
export function retire(draft: Draft, container: ObservedContainer, survivor?: Survivor): void {
  const { id, appId, service, image } = container;
  const of = { appId, service, image };
  const beside = survivor === undefined ? {} : { survivor };
  switch (container.state) {
    case "running":
    case "restarting":
    case "paused":
      draft.steps.push({ do: "stop-container", of, id, ...beside });
      return;
    case "created":
    case "exited":
    case "dead":
      draft.steps.push({ do: "remove-container", of, id, ...beside });
      return;
    case "removing":
      draft.waits.push({ appId, service, reason: "the engine is removing the old container" });
  }
}

/** Why a container may not be touched: the update lock that covers it is held. */
export function lockOn({ context }: Draft, { appId, service, lockScope }: ObservedContainer): string | undefined {
  return lockScope === "service" ? context.lockedServices.get(`${appId}/${service}`) : context.lockedApps.get(appId);
}

/** Retires a container unless the update lock that covers it is held. */
export function retireUnlessLocked(draft: Draft, container: ObservedContainer, survivor?: Survivor): void {
  const reason = lockOn(draft, container);
  if (reason === undefined) retire(draft, container, survivor);
  else draft.waits.push({ appId: container.appId, service: container.service, reason });
}
