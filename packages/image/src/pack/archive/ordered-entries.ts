import type { Content, Entry, ReadonlyTree } from "../../tree/entry.ts";

export type OrderedEntry = {
  readonly path: string;
  readonly entry: Entry;
  /** For a file whose Content object a former path has too: that path, of which this is a hard link. */
  readonly linkTo?: string;
};

/**
 * A tree's entries in the one order that every archive uses: by UTF-16 code unit, so that a directory comes before what
 * is in it, whatever order the tree was made in and whatever the locale.
 * @throws Error when an entry's directory is missing or is none: extractors would invent modes and owners for it.
 */
export function orderedEntries(tree: ReadonlyTree): OrderedEntry[] {
  const firstNames = new Map<Content, string>();
  return [...tree.keys()].sort().map((path) => {
    const entry = tree.get(path);
    if (entry === undefined) throw new Error(`${path}: not in the tree`);
    if (path !== "" && path.includes("/")) requireDirectory(tree, path);
    if (entry.type !== "file") return { path, entry };
    const linkTo = firstNames.get(entry.content);
    if (linkTo !== undefined && sameInode(tree.get(linkTo), entry)) return { path, entry, linkTo };
    if (linkTo === undefined) firstNames.set(entry.content, path);
    return { path, entry };
  });
}

function requireDirectory(tree: ReadonlyTree, path: string): void {
  const parent = path.slice(0, path.lastIndexOf("/"));
  const type = tree.get(parent)?.type;
  if (type !== "directory")
    throw new Error(`${path}: ${parent} is ${type === undefined ? "missing from the tree" : `a ${type}`}`);
}

/** Two names with shared content but different owners are two files. */
function sameInode(a: Entry | undefined, b: Entry): boolean {
  return a !== undefined && a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && a.xattrs === b.xattrs;
}
