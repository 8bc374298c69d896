import type { Current, ObservedContainer } from "../engine/current.ts";
import type { ContainerSpec } from "../spec/container-spec.ts";
import type { DesiredApp } from "../spec/desired.ts";
import type { ImageIndex } from "./image-index.ts";

/** A service with its containers sorted into the one to keep and those that have to go. */
export type MatchedService = {
  readonly spec: ContainerSpec;
  readonly keep: ObservedContainer | undefined;
  readonly stale: readonly ObservedContainer[];
};

export type MatchedApp = {
  /** Owners of shared network namespaces come before those that share. */
  readonly services: readonly MatchedService[];
  readonly byName: ReadonlyMap<string, MatchedService>;
  /** Containers of services that the release no longer has. */
  readonly orphans: readonly ObservedContainer[];
  /** Engine names of networks that exist with another definition. */
  readonly outdatedNetworks: ReadonlySet<string>;
};

/** Compares an app's containers with its specs: definition hash, image, namespace owner, networks; one to be made anew never fits. */
export function matchApp(app: DesiredApp, { current, images, replaced }: MatchInput): MatchedApp {
  const outdatedNetworks = findOutdatedNetworks(app, current);
  const mine = current.containers.filter((container) => container.appId === app.id);
  const byService = Map.groupBy(mine, (container) => container.service);
  const byName = new Map<string, MatchedService>();
  for (const spec of ownersFirst(app.services)) {
    const candidates = byService.get(spec.service) ?? [];
    const owner = spec.networkOwner === undefined ? undefined : byName.get(spec.networkOwner)?.keep;
    const fits = candidates.filter(
      (container) =>
        container.hash === spec.hash &&
        container.state !== "dead" &&
        container.state !== "removing" &&
        !replaced.has(container.id) &&
        images.isImageOf(container, spec.image) &&
        (spec.networkOwner === undefined || container.networkMode === `container:${owner?.id}`) &&
        !container.networks.some((network) => outdatedNetworks.has(network)),
    );
    const keep = [...fits].sort(byPreference)[0];
    byName.set(spec.service, { spec, keep, stale: candidates.filter((container) => container !== keep) });
  }
  const orphans = mine.filter((container) => !byName.has(container.service));
  return { services: [...byName.values()], byName, orphans, outdatedNetworks };
}

type MatchInput = {
  readonly current: Current;
  readonly images: ImageIndex;
  /** Ids of containers that are to be made anew. */
  readonly replaced: ReadonlySet<string>;
};

/** A running one first, then the older one, so that which twin survives does not depend on the engine's order. */
function byPreference(a: ObservedContainer, b: ObservedContainer): number {
  const running = Number(b.state === "running") - Number(a.state === "running");
  return running || a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}

function ownersFirst(specs: readonly ContainerSpec[]): ContainerSpec[] {
  const sorted: ContainerSpec[] = [];
  const open = new Map(specs.map((spec) => [spec.service, spec]));
  const visit = (spec: ContainerSpec): void => {
    if (!open.delete(spec.service)) return;
    const owner = spec.networkOwner === undefined ? undefined : open.get(spec.networkOwner);
    if (owner !== undefined) visit(owner);
    sorted.push(spec);
  };
  for (const spec of specs) visit(spec);
  return sorted;
}

function findOutdatedNetworks(app: DesiredApp, current: Current): Set<string> {
  const wanted = new Map(app.networks.map((network) => [network.name, network.hash]));
  const outdated = current.networks.filter((network) => {
    const hash = wanted.get(network.name);
    return hash !== undefined && hash !== network.hash;
  });
  return new Set(outdated.map((network) => network.name));
}
