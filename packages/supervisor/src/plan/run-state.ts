import type { DependencyCondition } from "@holdfast/contracts";
import type { ObservedContainer } from "../engine/current.ts";
import type { ContainerSpec } from "../spec/container-spec.ts";
import type { AppView } from "./app-view.ts";
import { type Draft, lockOn, recheckAfter } from "./draft.ts";
import type { MatchedService } from "./match.ts";
import { planStop } from "./plan-intents.ts";

/** Joins networks, starts, restarts or stops the container that is as wanted. A healthy one is not touched. */
export function planRunState(draft: Draft, view: AppView, service: MatchedService, keep: ObservedContainer): void {
  const { spec } = service;
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
  if (isUp) planRestart(draft, view, spec, keep);
  if (isUp || keep.state === "paused" || !needsStart(draft, spec, keep)) return;
  if (keep.state === "created" && spec.startsAfterBoot !== undefined && spec.startsAfterBoot === keep.bootId) {
    const reason = "starts after the device's next reboot";
    draft.waits.push({ appId: spec.appId, service: spec.service, reason, needsReboot: true });
    return;
  }
  const reason = unmetDependency(draft, view, spec);
  const yielding = spec.strategy === "hand-over" ? service.stale.map(({ id }) => id) : [];
  if (reason === undefined)
    draft.steps.push({ do: "start-container", of, id: keep.id, ...(yielding.length === 0 ? {} : { yielding }) });
  else draft.waits.push({ appId: spec.appId, service: spec.service, reason });
}

/**
 * The engine only tells that a container is unhealthy; restarting it is ours, after a pause that grows. Containers that
 * share its network namespace are restarted after it: their own ends with it.
 */
function planRestart(draft: Draft, view: AppView, spec: ContainerSpec, keep: ObservedContainer): void {
  if (!isDueForRestart(draft, spec, keep)) {
    const pause = draft.context.restartPauses.get(keep.id);
    if (pause !== undefined && keep.health === "unhealthy") recheckAfter(draft, pause);
    return;
  }
  const locked = lockOn(draft, keep);
  if (locked !== undefined) {
    draft.waits.push({ appId: spec.appId, service: spec.service, reason: locked });
    return;
  }
  const sharing = view.matched.services.flatMap((other) =>
    other.spec.networkOwner === spec.service && other.keep?.state === "running" ? [other.keep.id] : [],
  );
  const of = { appId: spec.appId, service: spec.service, image: spec.image };
  draft.steps.push({ do: "restart-container", of, id: keep.id, sharing, isUnhealthy: true });
}

function isDueForRestart(draft: Draft, spec: ContainerSpec, keep: ObservedContainer): boolean {
  const isUnhealthy = keep.state === "running" && keep.health === "unhealthy";
  return isUnhealthy && spec.restartsUnhealthy && !draft.context.restartPauses.has(keep.id);
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

function unmetDependency(draft: Draft, view: AppView, spec: ContainerSpec): string | undefined {
  const owner = view.matched.byName.get(spec.networkOwner ?? "");
  if (owner?.keep !== undefined && isDueForRestart(draft, owner.spec, owner.keep))
    return `${owner.spec.service}, whose network it shares, is restarted first`;
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
