import { fetchDebs, type Lock, type LockedPackage } from "../apt/index.ts";
import type { LoadedLayer } from "../compose/load-definitions.ts";
import type { PackageScripts } from "../compose/scripts-ledger.ts";
import { type Deb, openDebs } from "../deb/index.ts";
import { toolCommand } from "../tools/index.ts";
import type { Workshop } from "./build-options.ts";

type Opening = Pick<Workshop, "cache" | "mirror" | "progress" | "signal"> & Partial<Pick<Workshop, "tools">>;
export type OpenedPackage = Deb & { readonly version: string };

/** Opens packages of a lock that are in the cache; one that turns out to be damaged is fetched again. */
export async function openLocked(
  packages: readonly LockedPackage[],
  lock: Lock,
  { cache, mirror, progress, signal, tools }: Opening,
): Promise<Deb[]> {
  const stop = signal === undefined ? {} : { signal };
  return await openDebs(cache, packages, {
    progress,
    ...stop,
    ...(tools === undefined ? {} : { tools: toolCommand(tools) }),
    refetch: async ({ sha256 }) => {
      const damaged = lock.packages.filter((entry) => entry.sha256 === sha256);
      await fetchDebs({ ...lock, packages: damaged }, { cache, mirror, progress, locked: true, ...stop });
    },
  });
}

/** Opens what of a lock is unpacked for these layers: all but what they do `without`. */
export async function openPackages(
  layers: readonly LoadedLayer[],
  lock: Lock,
  opening: Opening,
): Promise<OpenedPackage[]> {
  const without = new Set(layers.flatMap(({ layer }) => Object.keys(layer.without)));
  const wanted = lock.packages.filter(({ name }) => !without.has(name));
  const debs = await openLocked(wanted, lock, opening);
  return debs.map((deb, index) => ({ ...deb, version: wanted[index]?.version ?? "" }));
}

/** What the ledger of maintainer scripts is held against. Pure. */
export function scriptsOf(packages: readonly OpenedPackage[]): PackageScripts[] {
  return packages.map(({ name, version, scripts }) => ({
    name,
    version,
    scripts: Object.fromEntries(
      Object.entries(scripts).flatMap(([script, text]) => (text === undefined ? [] : [[script, text]])),
    ),
  }));
}
