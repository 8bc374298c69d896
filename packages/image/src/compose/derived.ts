import { mkdir, readdir, readFile, readlink, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Content, contentOf, type Entry, type ReadonlyTree, type Tree } from "../tree/entry.ts";
import { readContent } from "../tree/read-content.ts";
import type { RunTool } from "./kernel-modules.ts";

const rootFile = (content: Content): Entry => ({ type: "file", content, mode: 0o644, uid: 0, gid: 0 });

/** Writes the files of a tree whose path passes below `folder`, for tools that need a directory. */
export async function materialise(
  tree: ReadonlyTree,
  folder: string,
  wanted: (path: string) => boolean,
): Promise<void> {
  for (const [path, entry] of tree) {
    if (entry.type !== "file" || !wanted(path)) continue;
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, await readContent(entry.content));
  }
}

/** What the ca-certificates scripts would make: one bundle, a link per certificate and links by subject hash. */
export async function addCertificates(tree: Tree, scratch: string, runTool: RunTool): Promise<void> {
  const source = "usr/share/ca-certificates/mozilla/";
  const names = [...tree.keys()].filter((path) => path.startsWith(source) && path.endsWith(".crt")).sort();
  await mkdir(scratch, { recursive: true });
  const parts: Uint8Array[] = [];
  for (const path of names) {
    const entry = tree.get(path);
    if (entry?.type !== "file") continue;
    const bytes = await readContent(entry.content);
    parts.push(bytes);
    const name = path.slice(source.length).replace(/\.crt$/, ".pem");
    await writeFile(join(scratch, name), bytes);
    tree.set(`etc/ssl/certs/${name}`, { type: "symlink", target: `/${path}`, mode: 0o777, uid: 0, gid: 0 });
  }
  tree.set("etc/ssl/certs/ca-certificates.crt", rootFile({ kind: "bytes", bytes: Buffer.concat(parts) }));
  await runTool(["openssl", "rehash", scratch]);
  for (const name of (await readdir(scratch)).filter((file) => /^[0-9a-f]{8}\.\d+$/.test(file))) {
    tree.set(`etc/ssl/certs/${name}`, {
      type: "symlink",
      target: await readlink(join(scratch, name)),
      mode: 0o777,
      uid: 0,
      gid: 0,
    });
  }
}

/** Compiles udev's hardware database, and leaves its sources out. */
export async function addHardwareDatabase(tree: Tree, scratch: string, runTool: RunTool): Promise<void> {
  const isSource = (path: string) => path.startsWith("usr/lib/udev/hwdb.d/");
  await materialise(tree, scratch, isSource);
  for (const path of [...tree.keys()].filter(isSource)) tree.delete(path);
  tree.delete("usr/lib/udev/hwdb.d");
  await mkdir(join(scratch, "usr/lib/udev/hwdb.d"), { recursive: true });
  await runTool(["systemd-hwdb", "--usr", `--root=${scratch}`, "update"]);
  const binary = join(scratch, "usr/lib/udev/hwdb.bin");
  if ((await stat(binary).catch(() => undefined)) !== undefined) {
    tree.set("usr/lib/udev/hwdb.bin", rootFile({ kind: "bytes", bytes: await readFile(binary) }));
  }
}

export type ReleaseFacts = { readonly version: string; readonly deviceType: string; readonly boardName: string };

/** os-release with the fields that clients of such systems read (compat.md 10: VERSION, VERSION_ID, SLUG). Pure. */
export function osRelease({ version, deviceType, boardName }: ReleaseFacts): string {
  return [
    'ID="holdfast"',
    'NAME="Holdfast"',
    `VERSION="${version}"`,
    `VERSION_ID="${version}"`,
    `PRETTY_NAME="Holdfast ${version}"`,
    `MACHINE="${deviceType}"`,
    `SLUG="${deviceType}"`,
    `VARIANT_NAME="${boardName}"`,
    `META_BALENA_VERSION="${version}"`,
    `META_HOLDFAST_VERSION="${version}"`,
    "",
  ].join("\n");
}

export function addOsRelease(tree: Tree, facts: ReleaseFacts): void {
  tree.set("usr/lib/os-release", rootFile(contentOf(osRelease(facts))));
  tree.set("etc/os-release", { type: "symlink", target: "../usr/lib/os-release", mode: 0o777, uid: 0, gid: 0 });
}
