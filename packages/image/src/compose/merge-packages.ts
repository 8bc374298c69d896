import { type Layer, refuse } from "@holdfast/contracts";
import type { Entry, Tree } from "../tree/entry.ts";
import { compileGlobs } from "./path-globs.ts";

/** What a package brings, as the deb reader gives it. */
export type PackageContent = {
  readonly name: string;
  readonly entries: readonly { readonly path: string; readonly entry: Entry }[];
};

export type Merged = {
  readonly tree: Tree;
  /** path -> package, for messages, the package list and the SBOM. */
  readonly owners: ReadonlyMap<string, string>;
};

/** Owners below this are Debian's static ones; anything above would shift between builds and must come from the ledger. */
const STATIC_IDS = 100;

/**
 * Merges packages in the given order onto a usr-merged skeleton.
 * @throws `image.path-conflict` when two packages bring the same file.
 */
export function mergePackages(packages: readonly PackageContent[], layers: readonly Layer[]): Merged {
  const dropped = compileGlobs(layers.flatMap((layer) => layer.drop));
  const kept = compileGlobs(layers.flatMap((layer) => layer.keep));
  const tree = skeleton();
  const fixed = new Set(tree.keys());
  const owners = new Map<string, string>();
  for (const { name, entries } of packages) {
    for (const { path, entry } of entries) {
      // The skeleton wins: base-files brings the merged-/usr links, which a reader may already have followed.
      if (fixed.has(path) || (dropped(path) && !kept(path))) continue;
      const before = tree.get(path);
      if (before !== undefined && before.type === "directory" && entry.type === "directory") continue;
      if (before !== undefined) refuseConflict(path, owners.get(path) ?? "the skeleton", name);
      if (entry.uid >= STATIC_IDS || entry.gid >= STATIC_IDS) {
        throw new Error(`${name}: ${path} belongs to ${entry.uid}:${entry.gid}, which Debian does not fix`);
      }
      tree.set(path, entry);
      if (entry.type !== "directory") owners.set(path, name);
    }
  }
  addParents(tree);
  removeEmptyDroppedDirectories(tree, dropped);
  return { tree, owners };
}

function refuseConflict(path: string, first: string, second: string): never {
  return refuse("image.path-conflict", {
    message: `/${path} comes from both ${first} and ${second}.`,
    hint: `Leave it out of one of them with "drop", or do without one package ("without").`,
  });
}

const directory = (mode = 0o755): Entry => ({ type: "directory", mode, uid: 0, gid: 0 });
const link = (target: string): Entry => ({ type: "symlink", target, mode: 0o777, uid: 0, gid: 0 });

/** The root every tree starts from: usr-merged, with the mount points of a running system. */
function skeleton(): Tree {
  const tree: Tree = new Map();
  tree.set("", directory());
  for (const path of ["boot", "dev", "etc", "home", "mnt", "opt", "proc", "run", "srv", "sys", "usr", "var"])
    tree.set(path, directory());
  for (const path of ["usr/bin", "usr/sbin", "usr/lib", "usr/lib64"]) tree.set(path, directory());
  tree.set("root", directory(0o700));
  tree.set("tmp", directory(0o1777));
  tree.set("bin", link("usr/bin"));
  tree.set("sbin", link("usr/sbin"));
  tree.set("lib", link("usr/lib"));
  tree.set("lib64", link("usr/lib64"));
  return tree;
}

/** Adds every missing parent directory. */
export function addParents(tree: Tree): void {
  for (const path of [...tree.keys()]) {
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      const parent = path.slice(0, at);
      if (tree.has(parent)) break;
      tree.set(parent, directory());
    }
  }
}

function removeEmptyDroppedDirectories(tree: Tree, dropped: (path: string) => boolean): void {
  const used = new Set<string>();
  for (const [path, entry] of tree) {
    if (entry.type === "directory") continue;
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) used.add(path.slice(0, at));
  }
  for (const [path, entry] of tree) {
    if (entry.type === "directory" && !used.has(path) && dropped(`${path}/x`)) tree.delete(path);
  }
}
