import type { DesiredApp } from "../spec/desired.ts";
import type { AppView } from "./app-view.ts";
import { type Draft, retireUnlessLocked } from "./draft.ts";
import { type MatchedApp, matchApp } from "./match.ts";
import { planIntentsOfOld } from "./plan-intents.ts";
import { isAttached } from "./plan-leftovers.ts";
import { planService } from "./plan-service.ts";
import { pullObstacles } from "./space.ts";

/** Plans networks, volumes and services of one app. */
export function planApp(draft: Draft, app: DesiredApp): void {
  const matched = matchApp(app, { ...draft, replaced: draft.context.intents.replace });
  planNetworks(draft, app, matched);
  const volumes = new Set(draft.current.volumes.map((volume) => volume.name));
  for (const volume of app.volumes) {
    if (!volumes.has(volume.name)) draft.steps.push({ do: "create-volume", volume });
  }
  const missing = matched.services.flatMap(({ spec, keep }) =>
    keep !== undefined || draft.images.has(spec.image) ? [] : [spec.image],
  );
  const view: AppView = {
    app,
    matched,
    obstacles: pullObstacles(missing, draft.context.space),
    allImages: missing.length === 0,
    updating: matched.orphans.length > 0 || matched.services.some(({ stale }) => stale.length > 0),
    readyNetworks: new Set(
      draft.current.networks.map(({ name }) => name).filter((name) => !matched.outdatedNetworks.has(name)),
    ),
    readyVolumes: volumes,
  };
  for (const service of matched.services) planService(draft, view, service);
  for (const orphan of matched.orphans) {
    if (view.allImages) retireUnlessLocked(draft, orphan);
    else planIntentsOfOld(draft, orphan);
  }
}

/** A network with another definition is replaced once nothing is attached; one that is not wanted goes then, too. */
function planNetworks(draft: Draft, app: DesiredApp, matched: MatchedApp): void {
  const present = new Set(draft.current.networks.map((network) => network.name));
  for (const network of app.networks) {
    if (!present.has(network.name)) draft.steps.push({ do: "create-network", network });
  }
  const wanted = new Set(app.networks.map((network) => network.name));
  for (const network of draft.current.networks) {
    const isUnwanted = network.supervised && network.appId === app.id && !wanted.has(network.name);
    if ((isUnwanted || matched.outdatedNetworks.has(network.name)) && !isAttached(draft, network.name)) {
      draft.steps.push({ do: "remove-network", id: network.id, name: network.name });
    }
  }
}
