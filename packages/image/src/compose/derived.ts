import { createHash } from "node:crypto";
import { mkdir, readdir, readlink, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Content, contentOf, type Entry, type ReadonlyTree, type Tree } from "../tree/entry.ts";
import { readContent } from "../tree/read-content.ts";
import type { RunTool } from "./kernel-modules.ts";

/** Runs a stage once per inputs and gives the folder it filled. */
export type RunStage = (name: string, inputs: unknown, build: (folder: string) => Promise<void>) => Promise<string>;

const rootFile = (content: Content): Entry => ({ type: "file", content, mode: 0o644, uid: 0, gid: 0 });

/** Writes the files of a tree whose path passes below `folder`, for tools that need a directory. */
async function materialise(tree: ReadonlyTree, folder: string, wanted: (path: string) => boolean): Promise<void> {
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

const HARDWARE = "usr/lib/udev/hwdb.d";
const COMPILED = "usr/lib/udev/hwdb.bin";

/** Compiles udev's hardware database, once per content, and leaves its sources out. */
export async function addHardwareDatabase(tree: Tree, stage: RunStage, runTool: RunTool): Promise<void> {
  const sources = new Map([...tree].filter(([path]) => path.startsWith(`${HARDWARE}/`)));
  for (const path of [HARDWARE, ...sources.keys()]) tree.delete(path);
  if (sources.size === 0) return;
  const folder = await stage("hardware-database", { sources: await digestFiles(sources) }, async (output) => {
    await materialise(sources, output, () => true);
    // The database names its sources by their whole path: only like this is that the same wherever it is compiled.
    await runTool(["systemd-hwdb", "--usr", "--root=/proc/self/cwd", "update"], { cwd: output });
    await rm(join(output, HARDWARE), { recursive: true });
  });
  const file = join(folder, COMPILED);
  const { size } = await stat(file);
  tree.set(COMPILED, rootFile({ kind: "range", file, offset: 0, size }));
}

async function digestFiles(files: ReadonlyTree): Promise<string> {
  const hash = createHash("sha256");
  for (const [path, entry] of files) {
    if (entry.type !== "file") continue;
    const bytes = await readContent(entry.content);
    hash.update(`${path}\0${createHash("sha256").update(bytes).digest("hex")}\n`);
  }
  return hash.digest("hex");
}

export type ReleaseFacts = { readonly version: string; readonly deviceType: string; readonly boardName: string };

/** os-release with the fields that clients of such systems read (VERSION, VERSION_ID, SLUG). Pure. */
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
