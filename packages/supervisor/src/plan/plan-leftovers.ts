import type { Current } from "../engine/current.ts";
import { type Desired, imagesOf } from "../spec/desired.ts";
import type { PlanContext } from "./context.ts";
import { type Draft, retireUnlessLocked } from "./draft.ts";
import type { ImageIndex } from "./image-index.ts";

/** What belongs to apps that are no longer wanted, and images that nothing needs. */
export function planLeftovers(draft: Draft, desired: Desired): void {
  const appIds = new Set(desired.apps.map((app) => app.id));
  for (const container of draft.current.containers) {
    const isPurged = draft.context.intents.purge.has(container.appId);
    if (!appIds.has(container.appId) && !isPurged) retireUnlessLocked(draft, container);
  }
  for (const network of draft.current.networks) {
    const isOrphan = network.supervised && network.appId !== undefined && !appIds.has(network.appId);
    if (isOrphan && !isAttached(draft, network.name)) {
      draft.steps.push({ do: "remove-network", id: network.id, name: network.name });
    }
  }
  if (!draft.context.keepVolumes) removeVolumes(draft, desired);
  for (const image of draft.removableImages) draft.steps.push({ do: "remove-image", image });
}

/**
 * Only volumes of apps that left the device: a volume that a new release dropped holds the user's data and stays
 * until someone asks for its removal.
 */
function removeVolumes(draft: Draft, desired: Desired): void {
  const uuids = new Set(desired.apps.map((app) => app.uuid));
  const mounted = new Set(draft.current.containers.flatMap((container) => container.volumes));
  for (const volume of draft.current.volumes) {
    if (!volume.supervised || volume.appUuid === undefined) continue;
    if (uuids.has(volume.appUuid) || mounted.has(volume.name)) continue;
    draft.steps.push({ do: "remove-volume", name: volume.name });
  }
}

/** Whether a container of ours is attached to a network. */
export function isAttached(draft: Draft, network: string): boolean {
  return draft.current.containers.some((container) => container.networks.includes(network));
}

/** Images of ours that nothing runs and no target names, by the name the engine lists them under. */
export function findRemovableImages({ current, desired, images, context }: LeftoverInput): string[] {
  if (context.keepImages) return [];
  const wanted = new Set(imagesOf(desired).map((image) => images.find(image)?.listed ?? image));
  const used = new Set([...current.containers.map((container) => container.imageId), ...current.foreignImageIds]);
  const removable = new Set<string>();
  for (const reference of context.ownedImages) {
    const found = images.find(reference);
    if (found !== undefined && !used.has(found.id) && !wanted.has(found.listed)) removable.add(found.listed);
  }
  return [...removable];
}

type LeftoverInput = {
  readonly current: Current;
  readonly desired: Desired;
  readonly images: ImageIndex;
  readonly context: PlanContext;
};
