import type { DependencyCondition } from "@holdfast/contracts";
import type { ObservedContainer } from "../engine/current.ts";
import type { ContainerSpec } from "../spec/container-spec.ts";
import type { AppView } from "./app-view.ts";
import type { Draft } from "./draft.ts";
import type { MatchedService } from "./match.ts";
import { planStop } from "./plan-intents.ts";

/** Joins networks, starts or stops the container that is as wanted. A running one that should run is not touched. */
export function planRunState(draft: Draft, view: AppView, spec: ContainerSpec, keep: ObservedContainer): void {
  const of = { appId: spec.appId, service: spec.service, image: spec.image };
  const isUp = keep.state === "running" || keep.state === "restarting";
  if (!spec.running || draft.context.intents.stopped.has(keep.id)) {
    planStop(draft, keep);
    return;
  }
  const missing = spec.furtherNetworks.filter(({ network }) => !keep.networks.includes(network));
  for (const { network, endpoint } of missing) {
    if (!view.readyNetworks.has(network)) {
      draft.waits.push({ appId: spec.appId, service: spec.service, reason: `network ${network} is made first` });
      return;
    }
    draft.steps.push({ do: "connect-network", of, id: keep.id, network, endpoint });
    return;
  }
  if (isUp || keep.state === "paused" || !needsStart(draft, spec, keep)) return;
  const reason = unmetDependency(view, spec);
  if (reason === undefined) draft.steps.push({ do: "start-container", of, id: keep.id });
  else draft.waits.push({ appId: spec.appId, service: spec.service, reason });
}

/**
 * A container is started if it never was. One that has exited is the engine's restart policy's business, except when
 * this process finds it so at its start: then a stop that was cut short may be the reason.
 */
function needsStart(draft: Draft, spec: ContainerSpec, keep: ObservedContainer): boolean {
  if (keep.state === "created" || draft.context.intents.start.has(keep.id)) return true;
  if (keep.state !== "exited" || draft.context.seenRunning.has(keep.id)) return false;
  if (spec.restart === "always" || spec.restart === "unless-stopped") return true;
  return spec.restart === "on-failure" && keep.exitCode !== 0;
}

function unmetDependency(view: AppView, spec: ContainerSpec): string | undefined {
  for (const [name, condition] of Object.entries(spec.dependencies)) {
    const dependency = view.matched.byName.get(name);
    const mustRun = name === spec.networkOwner;
    if (dependency !== undefined && !isMet(dependency, condition, mustRun)) return `waits for ${name} (${condition})`;
  }
  return undefined;
}

function isMet({ keep }: MatchedService, condition: DependencyCondition, mustRun: boolean): boolean {
  if (keep === undefined) return false;
  const runs = keep.state === "running";
  switch (condition) {
    case "service_started":
      return runs || (!mustRun && keep.state !== "created");
    case "service_healthy":
      // Without a healthcheck there is nothing to wait for but the start.
      return runs && (keep.health === "healthy" || keep.health === "none");
    case "service_completed_successfully":
      return keep.state === "exited" && keep.exitCode === 0;
  }
}
