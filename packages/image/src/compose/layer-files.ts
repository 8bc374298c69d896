import { readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { type LayerFile, refuse } from "@holdfast/contracts";
import { type Content, contentOf, type Entry, type Tree } from "../tree/entry.ts";
import { type AccountsLedger, lookUp } from "./accounts.ts";
import type { LoadedLayer } from "./load-definitions.ts";

/**
 * Puts the layers' own files into the tree, over what packages brought.
 * @returns path -> layer
 * @throws `image.path-conflict` when two layers write the same file.
 */
export async function addLayerFiles(
  tree: Tree,
  layers: readonly LoadedLayer[],
  ledger: AccountsLedger,
): Promise<Map<string, string>> {
  const owners = new Map<string, string>();
  for (const { layer, folder } of layers) {
    const entries = [
      ...(await folderEntries(join(folder, "files"))),
      ...(await Promise.all(layer.files.map((file) => fileEntry(file, folder, layer.name, ledger)))),
    ];
    for (const [path, entry] of entries) {
      const other = owners.get(path);
      if (other !== undefined && entry.type !== "directory") {
        refuse("image.path-conflict", {
          message: `Layers ${other} and ${layer.name} both write /${path}.`,
          hint: "Give the file to one of them.",
        });
      }
      owners.set(path, layer.name);
      tree.set(path, entry);
    }
  }
  return owners;
}

/** One file of a layer's `files` or `initrd.files` list as [path, entry]. */
export async function fileEntry(
  file: LayerFile,
  folder: string,
  layer: string,
  ledger: AccountsLedger,
): Promise<[string, Entry]> {
  const owner = { uid: lookUp(ledger.users, "user", file.owner), gid: lookUp(ledger.groups, "group", file.group) };
  const mode = Number.parseInt(file.mode, 8);
  const path = file.path.slice(1);
  const kinds = [file.content, file.from, file.link, file.directory].filter((kind) => kind !== undefined);
  if (kinds.length !== 1) {
    refuse("image.invalid-layer", {
      message: `layer ${layer}: files: ${file.path}: has ${kinds.length} of content, from, link and directory`,
      hint: "Give exactly one of them.",
    });
  }
  if (file.link !== undefined) return [path, { type: "symlink", target: file.link, mode: 0o777, uid: 0, gid: 0 }];
  if (file.directory !== undefined)
    return [path, { type: "directory", mode: file.mode === "0644" ? 0o755 : mode, ...owner }];
  const content =
    file.content === undefined ? await fromFile(join(folder, file.from ?? ""), layer) : contentOf(file.content);
  return [path, { type: "file", content, mode, ...owner }];
}

async function fromFile(file: string, layer: string): Promise<Content> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) {
    return refuse("image.invalid-layer", {
      message: `layer ${layer}: files: ${file} does not exist`,
      hint: "`from` is relative to the layer's folder.",
    });
  }
  return { kind: "range", file, offset: 0, size: found.size };
}

/** Everything below `files/`, as a mirror of the root; the checkout's executable bit decides between 0755 and 0644. */
async function folderEntries(root: string): Promise<[string, Entry][]> {
  const names = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = names
    .filter((name) => name.isFile())
    .map((name) => join(name.parentPath, name.name))
    .sort();
  return await Promise.all(
    files.map(async (file): Promise<[string, Entry]> => {
      const { size, mode } = await stat(file);
      return [
        relative(root, file),
        {
          type: "file",
          content: { kind: "range", file, offset: 0, size },
          mode: (mode & 0o100) === 0 ? 0o644 : 0o755,
          uid: 0,
          gid: 0,
        },
      ];
    }),
  );
}
