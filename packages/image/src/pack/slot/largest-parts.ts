import { type ReadonlyTree, sizeOf } from "../../tree/entry.ts";

export type TreePart = { readonly path: string; readonly size: number };

/** The largest files of a tree, by uncompressed size; files that are hard links count once. */
export function largestParts(tree: ReadonlyTree, count: number): TreePart[] {
  const seen = new Set<unknown>();
  const parts: TreePart[] = [];
  for (const [path, entry] of tree) {
    if (entry.type !== "file" || seen.has(entry.content)) continue;
    seen.add(entry.content);
    parts.push({ path: `/${path}`, size: sizeOf(entry.content) });
  }
  return parts.sort((a, b) => b.size - a.size || (a.path < b.path ? -1 : 1)).slice(0, count);
}
