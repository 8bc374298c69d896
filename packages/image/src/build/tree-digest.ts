import { createHash } from "node:crypto";
import type { ReadonlyTree } from "../tree/entry.ts";
import { readContent } from "../tree/read-content.ts";

/** SHA-256 over everything a tree says, bytes included; for trees small enough to be read at once. */
export async function treeDigest(tree: ReadonlyTree): Promise<string> {
  const hash = createHash("sha256");
  for (const [path, entry] of [...tree].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { mode, uid, gid, type } = entry;
    hash.update(JSON.stringify([path, type, mode, uid, gid, type === "symlink" ? entry.target : ""]));
    if (entry.type === "file")
      hash.update(
        createHash("sha256")
          .update(await readContent(entry.content))
          .digest(),
      );
  }
  return hash.digest("hex");
}
