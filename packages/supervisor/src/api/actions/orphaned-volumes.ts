import type { Scope } from "../../device/key-ring.ts";
import type { Current } from "../../engine/current.ts";
import type { Desired } from "../../spec/desired.ts";
import { covers } from "../auth.ts";

/** Volumes of ours that no target names and no container mounts, as far as a key reaches. Pure. */
export function orphanedVolumes({ current, desired, scope }: Input): string[] {
  const wanted = new Set(desired.apps.flatMap((app) => app.volumes.map(({ name }) => name)));
  const mounted = new Set(current.containers.flatMap(({ volumes }) => volumes));
  return current.volumes
    .filter(({ name, supervised }) => supervised && !wanted.has(name) && !mounted.has(name))
    .filter(({ name }) => covers(scope, appOf(name)))
    .map(({ name }) => name);
}

/** The app's number leads the name of each of its volumes (compat 4.3). */
const appOf = (volume: string): number => Number(/^(\d+)_/.exec(volume)?.[1] ?? Number.NaN);

type Input = { readonly current: Current; readonly desired: Desired; readonly scope: Scope };
