import type { ObservedContainer } from "../engine/current.ts";
import type { ContainerSpec } from "../spec/container-spec.ts";
import type { AppView } from "./app-view.ts";
import { type Draft, lockOn, recheckAfter, retire, retireUnlessLocked } from "./draft.ts";
import type { MatchedService } from "./match.ts";
import { planIntentsOfOld } from "./plan-intents.ts";
import { planRunState } from "./run-state.ts";

/** How often the marks of a hand-over are looked for, in milliseconds (compat 4.5). */
const HANDOVER_POLL_MS = 100;

/** Plans one service: fetch, replace by its strategy, create, start, stop, rename. */
export function planService(draft: Draft, view: AppView, service: MatchedService): void {
  const { spec, keep, stale } = service;
  if (keep === undefined) {
    planReplacement(draft, view, service);
    return;
  }
  for (const container of stale) retireBesideNew(draft, view, { spec, keep, old: container });
  planRunState(draft, view, service, keep);
  if (keep.name !== spec.name && stale.length === 0) planRename(draft, view, spec, keep);
}

/** There is no container as wanted: get the image, take down what is there, create. */
function planReplacement(draft: Draft, view: AppView, { spec, stale }: MatchedService): void {
  const hasImage = draft.images.has(spec.image);
  const killFirst = spec.strategy === "kill-then-download" || spec.strategy === "delete-then-download";
  if (killFirst && stale.length > 0) {
    for (const container of stale) retireUnlessLocked(draft, container);
    return;
  }
  if (!hasImage || (view.updating && !view.allImages))
    for (const container of stale) planIntentsOfOld(draft, container);
  if (!hasImage) {
    if (spec.strategy === "delete-then-download" && draft.removableImages.length > 0) {
      wait(draft, spec, "the old image is removed first");
      return;
    }
    const obstacle = view.obstacles.get(spec.image);
    if (obstacle === undefined) draft.steps.push({ do: "pull-image", image: spec.image, service: spec.service });
    else wait(draft, spec, obstacle);
    return;
  }
  if (view.updating && !view.allImages) {
    wait(draft, spec, "other images of the release are still missing");
    return;
  }
  if (stale.length > 0 && !canOverlap(draft, view, spec, stale)) {
    for (const container of inTheWay(spec, stale)) retireUnlessLocked(draft, container);
    return;
  }
  planCreation(draft, view, spec);
}

function planCreation(draft: Draft, view: AppView, spec: ContainerSpec): void {
  const joined = Object.keys(spec.body.NetworkingConfig?.EndpointsConfig ?? {});
  const networks = [...joined, ...spec.furtherNetworks.map(({ network }) => network)];
  if (!networks.every((network) => view.readyNetworks.has(network))) {
    wait(draft, spec, "its networks are made first");
    return;
  }
  if (!view.app.volumes.every((volume) => view.readyVolumes.has(volume.name))) {
    wait(draft, spec, "its volumes are made first");
    return;
  }
  // A container of another app, or one that somebody renamed: it goes, or gets its own name back.
  if (draft.takenNames.has(spec.name)) {
    wait(draft, spec, `the name ${spec.name} is still taken`);
    return;
  }
  if (spec.networkOwner === undefined) {
    draft.steps.push({ do: "create-container", spec });
    return;
  }
  const owner = view.matched.byName.get(spec.networkOwner)?.keep;
  if (owner === undefined) {
    wait(draft, spec, `it shares the network of ${spec.networkOwner}, which comes first`);
    return;
  }
  draft.steps.push({ do: "create-container", spec, networkOf: owner.id });
}

/**
 * A hand-over lets old and new live side by side. It falls back to replacing when they cannot: the same container
 * name, or a network that has to be made anew.
 */
function canOverlap(draft: Draft, view: AppView, spec: ContainerSpec, stale: readonly ObservedContainer[]): boolean {
  if (spec.strategy !== "hand-over") return false;
  return stale.every(
    (container) =>
      lockOn(draft, container) === undefined &&
      container.name !== spec.name &&
      container.state === "running" &&
      !container.networks.some((network) => view.matched.outdatedNetworks.has(network)),
  );
}

/** What does not run has nothing to hand over; who runs beside it may still do so, once that is gone. */
function inTheWay(spec: ContainerSpec, stale: readonly ObservedContainer[]): readonly ObservedContainer[] {
  const idle = stale.filter(({ state }) => state !== "running");
  return spec.strategy === "hand-over" && idle.length > 0 ? idle : stale;
}

type Pair = { readonly spec: ContainerSpec; readonly keep: ObservedContainer; readonly old: ObservedContainer };

/** The wanted container is there; the old one beside it goes, in a hand-over only after the new one took over. */
function retireBesideNew(draft: Draft, view: AppView, { spec, keep, old }: Pair): void {
  // Whatever the strategy is now: by the former one, the container that stays may have been about to yield.
  const survivor = { id: keep.id, restart: spec.restart };
  if (spec.strategy !== "hand-over" || old.state !== "running" || !spec.running) {
    if (view.allImages) retireUnlessLocked(draft, old, survivor);
    return;
  }
  if (keep.state === "running" && keep.createdAt < old.createdAt) {
    // The target went back to a container that is older than the one beside it: it has nothing to take over.
    retire(draft, old, survivor);
    return;
  }
  const age = draft.context.now - keep.createdAt * 1000;
  const isOver = draft.context.handedOver.has(`${spec.appId}/${spec.service}`) || age >= spec.handoverMs;
  if (isOver && keep.state !== "created") {
    retire(draft, old, survivor);
    return;
  }
  if (age < spec.handoverMs) recheckAfter(draft, HANDOVER_POLL_MS);
  wait(draft, spec, "the new container takes over from the old one");
}

/** Only the release changed: the container goes on under its new name. */
function planRename(draft: Draft, view: AppView, spec: ContainerSpec, keep: ObservedContainer): void {
  if (!view.allImages) {
    wait(draft, spec, "other images of the release are still missing");
    return;
  }
  const locked = lockOn(draft, keep);
  if (locked !== undefined) {
    wait(draft, spec, locked);
    return;
  }
  if (draft.takenNames.has(spec.name)) {
    wait(draft, spec, `the name ${spec.name} is still taken`);
    return;
  }
  const of = { appId: spec.appId, service: spec.service, image: spec.image };
  draft.steps.push({ do: "rename-container", of, id: keep.id, name: spec.name });
}

function wait(draft: Draft, spec: ContainerSpec, reason: string): void {
  draft.waits.push({ appId: spec.appId, service: spec.service, reason });
}
