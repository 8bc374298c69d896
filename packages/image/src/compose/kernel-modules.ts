import { mkdir, readdir, readFile, stat, symlink, unlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { nearestName, refuse } from "@holdfast/contracts";
import type { ReadonlyTree, Tree } from "../tree/entry.ts";
import { readContent } from "../tree/read-content.ts";

import { compileGlobs } from "./path-globs.ts";

/** Runs a program of the tools tree to its end. */
export type RunTool = (argv: readonly [string, ...string[]], options?: { readonly cwd?: string }) => Promise<unknown>;

/** Names and paths of the modules a kernel package holds. */
type Index = {
  readonly version: string;
  readonly paths: ReadonlyMap<string, string>;
  readonly builtin: ReadonlySet<string>;
};

const suffix = /\.ko(\.xz|\.zst)?$/;
/** Module names treat - and _ alike; the kernel prints _. */
const moduleName = (path: string): string => (path.split("/").at(-1) ?? "").replace(suffix, "").replaceAll("-", "_");

/** The kernel version whose modules a tree holds. */
export function kernelVersion(tree: ReadonlyTree): string {
  for (const path of tree.keys()) {
    const found = /^usr\/lib\/modules\/([^/]+)\//.exec(path)?.[1];
    if (found !== undefined) return found;
  }
  throw new Error("the tree holds no kernel modules");
}

/**
 * Unpacks the wanted modules and what they depend on into `output` (an empty folder), with fresh depmod indexes.
 * Modules lie unpacked in the slot: the slot's own compression serves them, and compressed files make poor deltas. `wanted` are module names or globs below kernel/.
 * @throws `image.unknown-module` naming a module that the kernel neither has nor has built in.
 */
export async function unpackModules(
  tree: ReadonlyTree,
  wanted: readonly string[],
  output: string,
  runTool: RunTool,
): Promise<void> {
  const index = await indexModules(tree);
  await mkdir(join(output, "usr/lib/modules", index.version), { recursive: true });
  const selected = new Set<string>();
  let wave = firstWave(index, wanted);
  while (wave.length > 0) {
    for (const path of wave) selected.add(path);
    const names = await unpackedDependencies(tree, wave, output, runTool);
    wave = [...new Set(names.map((name) => index.paths.get(name)).filter((path) => path !== undefined))].filter(
      (path) => !selected.has(path),
    );
  }
  await writeIndexes(tree, index.version, output, runTool);
}

/** Puts what `unpackModules` wrote in place of all modules of the tree. */
export async function replaceModules(tree: Tree, unpacked: string): Promise<void> {
  for (const path of [...tree.keys()]) if (path.startsWith("usr/lib/modules/")) tree.delete(path);
  const files = await readdir(join(unpacked, "usr/lib/modules"), { recursive: true, withFileTypes: true });
  for (const found of files.filter((entry) => entry.isFile())) {
    const file = join(found.parentPath, found.name);
    const { size } = await stat(file);
    tree.set(relative(unpacked, file), {
      type: "file",
      content: { kind: "range", file, offset: 0, size },
      mode: 0o644,
      uid: 0,
      gid: 0,
    });
  }
}

async function indexModules(tree: ReadonlyTree): Promise<Index> {
  const version = kernelVersion(tree);
  const prefix = `usr/lib/modules/${version}/`;
  const paths = new Map<string, string>();
  for (const path of tree.keys()) if (path.startsWith(prefix) && suffix.test(path)) paths.set(moduleName(path), path);
  const builtin = tree.get(`${prefix}modules.builtin`);
  const text = builtin?.type === "file" ? new TextDecoder().decode(await readContent(builtin.content)) : "";
  return { version, paths, builtin: new Set(text.split("\n").filter(Boolean).map(moduleName)) };
}

function firstWave(index: Index, wanted: readonly string[]): string[] {
  const names = wanted.filter((name) => !name.includes("/")).map((name) => name.replaceAll("-", "_"));
  const globs = compileGlobs(
    wanted.filter((name) => name.includes("/")).map((glob) => `usr/lib/modules/*/kernel/${glob}`),
  );
  const unknown = names.filter((name) => !index.paths.has(name) && !index.builtin.has(name));
  if (unknown[0] !== undefined) {
    const nearest = nearestName(unknown[0], [...index.paths.keys()]);
    refuse("image.unknown-module", {
      message: `Kernel ${index.version} has no module ${unknown.map((name) => `"${name}"`).join(", ")}.`,
      hint: nearest === undefined ? "Check the modules of the layers and the board." : `Did you mean "${nearest}"?`,
    });
  }
  const byName = names.map((name) => index.paths.get(name)).filter((path) => path !== undefined);
  return [...new Set([...byName, ...[...index.paths.values()].filter(globs)])];
}

/** Unpacks modules into the scratch folder and reads which modules their .modinfo names as dependencies. */
async function unpackedDependencies(
  tree: ReadonlyTree,
  paths: readonly string[],
  output: string,
  runTool: RunTool,
): Promise<string[]> {
  const packed: string[] = [];
  const plain: string[] = [];
  for (const path of paths) {
    const entry = tree.get(path);
    if (entry?.type !== "file") continue;
    const file = join(output, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, await readContent(entry.content));
    if (file.endsWith(".xz")) packed.push(file);
    plain.push(file.replace(/\.xz$/, ""));
  }
  if (packed.length > 0) await runTool(["xz", "--decompress", "--threads=0", ...packed]);
  const names = await Promise.all(plain.map(async (file) => dependencies(await readFile(file))));
  return names.flat();
}

/** Hard and soft dependencies in a module's .modinfo. Pure. */
export function dependencies(module: Buffer): string[] {
  const text = module.toString("latin1");
  const hard = /\0depends=([^\0]*)\0/.exec(text)?.[1] ?? "";
  const soft = [...text.matchAll(/\0softdep=([^\0]*)\0/g)]
    .flatMap((match) => (match[1] ?? "").split(/\s+/))
    .filter((word) => !word.endsWith(":"));
  return [...hard.split(","), ...soft].filter((name) => name !== "").map((name) => name.replaceAll("-", "_"));
}

async function writeIndexes(tree: ReadonlyTree, version: string, output: string, runTool: RunTool): Promise<void> {
  const prefix = `usr/lib/modules/${version}/`;
  for (const name of ["modules.builtin", "modules.builtin.modinfo", "modules.order"]) {
    const entry = tree.get(prefix + name);
    if (entry?.type === "file") await writeFile(join(output, prefix, name), await readContent(entry.content));
  }
  const lib = join(output, "lib");
  await symlink("usr/lib", lib);
  await runTool(["depmod", "--basedir", output, version]);
  await unlink(lib);
}
