import type { Entry, ReadonlyTree } from "../../tree/entry.ts";

export type ResolvedPath = {
  /** The real path: no component of it is a symbolic link. */
  readonly path: string;
  readonly entry: Entry;
  /** The symbolic links that were followed, in order, by their own real paths. */
  readonly links: readonly string[];
};

/** As many as Linux follows before it says ELOOP. */
const LINKS_MAX = 40;

/**
 * Follows the symbolic links of a path inside a tree, as the kernel would with the tree as root. Undefined when the path
 * leads nowhere or round in circles. A leading slash makes no difference.
 */
export function resolvePath(tree: ReadonlyTree, wanted: string): ResolvedPath | undefined {
  const links: string[] = [];
  let pending = wanted.split("/").filter((part) => part !== "");
  let path = "";
  while (pending.length > 0) {
    const [part = "", ...rest] = pending;
    pending = rest;
    if (part === ".") continue;
    if (part === "..") {
      path = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
      continue;
    }
    const next = path === "" ? part : `${path}/${part}`;
    const entry = tree.get(next);
    if (entry === undefined) return undefined;
    if (entry.type !== "symlink") {
      path = next;
      continue;
    }
    if (links.length >= LINKS_MAX) return undefined;
    links.push(next);
    pending = [...entry.target.split("/").filter((name) => name !== ""), ...pending];
    if (entry.target.startsWith("/")) path = "";
  }
  const entry = tree.get(path);
  return entry && { path, entry, links };
}
