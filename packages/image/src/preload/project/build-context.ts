import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { digestOfParts } from "../../oci/digest.ts";
import { tarParts } from "../../pack/archive/tar-parts.ts";
import type { Content, Entry, ReadonlyTree, Tree } from "../../tree/entry.ts";
import { compileIgnore } from "./ignore-patterns.ts";

/** What the engine gets to build from, and its hash. */
export type BuildContext = { readonly parts: readonly Content[]; readonly hash: string };

/**
 * The files of a build context as a tar: sorted, with one time, and modes that do not depend on the umask or the user of
 * who checked them out. .dockerignore applies; the Dockerfile and .dockerignore are always sent.
 */
export async function buildContext(directory: string, dockerfile: string, epoch: number): Promise<BuildContext> {
  const parts = [...tarParts(await contextTree(directory, dockerfile), { epoch })];
  return { parts, hash: digestOfParts(parts) };
}

/** The same files as a tree; contents stay where they are. */
export async function contextTree(directory: string, dockerfile: string): Promise<ReadonlyTree> {
  const ignoreFile = await readFile(join(directory, ".dockerignore"), "utf8").catch(() => "");
  const ignored = compileIgnore(ignoreFile);
  const needed = new Set([dockerfile, ".dockerignore"]);
  const tree: Tree = new Map();
  await addDirectory(tree, directory, "", (path) => ignored(path) && !needed.has(path));
  addParents(tree);
  return tree;
}

async function addDirectory(tree: Tree, root: string, path: string, left: (path: string) => boolean): Promise<void> {
  for (const name of await readdir(join(root, path))) {
    const child = path === "" ? name : `${path}/${name}`;
    const file = join(root, child);
    const status = await lstat(file);
    // A directory that is left out is still looked through: a later pattern may bring back a part of it.
    if (status.isDirectory()) {
      if (!left(child)) tree.set(child, directoryEntry);
      await addDirectory(tree, root, child, left);
    } else if (!left(child)) {
      if (status.isSymbolicLink())
        tree.set(child, { type: "symlink", target: await readlink(file), mode: 0o777, uid: 0, gid: 0 });
      else if (status.isFile()) {
        const content = { kind: "range", file, offset: 0, size: status.size } as const;
        tree.set(child, { type: "file", content, mode: (status.mode & 0o100) === 0 ? 0o644 : 0o755, uid: 0, gid: 0 });
      }
    }
  }
}

const directoryEntry: Entry = { type: "directory", mode: 0o755, uid: 0, gid: 0 };

function addParents(tree: Tree): void {
  for (const path of [...tree.keys()]) {
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      if (!tree.has(path.slice(0, at))) tree.set(path.slice(0, at), directoryEntry);
    }
  }
}
