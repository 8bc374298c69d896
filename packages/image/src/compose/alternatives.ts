import { type Layer, refuse } from "@holdfast/contracts";
import type { Tree } from "../tree/entry.ts";

/**
 * Makes the links that update-alternatives would have made.
 * @throws `image.path-conflict` when two layers choose the same one
 */
export function addAlternatives(tree: Tree, layers: readonly Layer[]): void {
  const owners = new Map<string, string>();
  for (const layer of layers) {
    for (const [link, target] of Object.entries(layer.alternatives)) {
      const other = owners.get(link);
      if (other !== undefined) {
        refuse("image.path-conflict", {
          message: `Layers ${other} and ${layer.name} both choose the alternative ${link}.`,
          hint: "Give it to one of them.",
        });
      }
      owners.set(link, layer.name);
      tree.set(link.slice(1), { type: "symlink", target, mode: 0o777, uid: 0, gid: 0 });
    }
  }
}
