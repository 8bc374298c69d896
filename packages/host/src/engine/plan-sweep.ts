/** What the engine's store says about itself, as names only. */
export type StoreNames = {
  /** Entries of overlay2/, without `l`. */
  readonly directories: readonly string[];
  /** Ids that a layer or a container's mount names. */
  readonly referenced: ReadonlySet<string>;
  /** Entries of overlay2/l -> the directory that each link leads to. */
  readonly links: ReadonlyMap<string, string>;
};

export type Sweep = { readonly directories: readonly string[]; readonly links: readonly string[] };

/**
 * Names that dockerd's layer store gives. Build caches use other names in the same folder, and nothing else tells that
 * they are in use: they are never swept.
 */
const LAYER_ID = /^[0-9a-f]{64}(-init)?$/;

/** The directories that killed pulls left and nothing names any more, and the links that lead to them or nowhere. Pure. */
export function planSweep({ directories, referenced, links }: StoreNames): Sweep {
  const orphan = (name: string): boolean =>
    LAYER_ID.test(name) && !referenced.has(name) && !referenced.has(name.replace(/-init$/, ""));
  const swept = directories.filter(orphan).sort();
  const gone = new Set(swept);
  const present = new Set(directories);
  const dead = [...links].filter(([, directory]) => gone.has(directory) || !present.has(directory));
  return { directories: swept, links: dead.map(([name]) => name).sort() };
}
