import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Board, Layer, Progress } from "@holdfast/contracts";
import { contentOf, type Entry, type ReadonlyTree, sizeOf, type Tree } from "../tree/entry.ts";
import { type AccountsLedger, lookUp, writeAccounts } from "./accounts.ts";
import { addAlternatives } from "./alternatives.ts";
import { addCertificates, addHardwareDatabase, addOsRelease, type RunStage } from "./derived.ts";
import { enableUnits } from "./enable-units.ts";
import { kernelVersion, type RunTool, replaceModules, unpackModules } from "./kernel-modules.ts";
import { addLayerFiles } from "./layer-files.ts";
import type { LoadedLayer } from "./load-definitions.ts";
import { addParents, mergePackages, type PackageContent } from "./merge-packages.ts";
import { moveVarContent } from "./var-content.ts";

export type ComposeInput = {
  readonly board: Board;
  readonly layers: readonly LoadedLayer[];
  /** In the order of the lock. */
  readonly packages: readonly (PackageContent & { readonly version: string })[];
  readonly accounts: AccountsLedger;
  readonly version: string;
  /** Programs and archives that other packages built: path without leading slash -> content. */
  readonly additions: ReadonlyTree;
  readonly stage: RunStage;
  readonly scratch: string;
  readonly runTool: RunTool;
  readonly progress: Progress;
};

export type Part = { readonly name: string; readonly version: string; readonly bytes: number };
export type ComposedRoot = {
  readonly tree: Tree;
  readonly kernel: { readonly version: string; readonly image: Entry & { type: "file" } };
  /** Every package in the slot with the bytes it brings, largest first. */
  readonly parts: readonly Part[];
};

/** Composes the root filesystem of a slot from packages and layers: no maintainer script runs, no directory is unpacked. */
export async function composeRoot(input: ComposeInput): Promise<ComposedRoot> {
  const step = input.progress.start("compose root filesystem", "items");
  const layers = input.layers.map(({ layer }) => layer);
  const without = new Set(layers.flatMap((layer) => Object.keys(layer.without)));
  const packages = input.packages.filter(({ name }) => !without.has(name));
  const { tree, owners } = mergePackages(packages, withBoot(layers));
  step.update(1, 5, `${packages.length} packages`);
  const image = takeKernel(tree);
  await addKernelModules(tree, input);
  step.update(2, 5, "layers");
  const scratch = await mkdtemp(join(input.scratch, "compose-"));
  try {
    await addCertificates(tree, join(scratch, "certificates"), input.runTool);
    await addHardwareDatabase(tree, input.stage, input.runTool);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  addAlternatives(tree, layers);
  writeAccounts(tree, layers, input.accounts);
  addOsRelease(tree, { version: input.version, deviceType: input.board.deviceType, boardName: input.board.name });
  await addLayerFiles(tree, input.layers, input.accounts);
  for (const [path, entry] of input.additions) tree.set(path, entry);
  applyModes(tree, layers, input.accounts);
  step.update(3, 5, "units");
  await enableUnits(tree, layers);
  addStatePaths(tree, layers, input.accounts);
  moveVarContent(tree);
  addParents(tree);
  const parts = sizes(packages, tree, owners);
  addText(tree, "usr/lib/holdfast/packages.json", `${JSON.stringify(parts, null, 1)}\n`);
  step.update(5, 5, `${tree.size} paths`);
  step.end();
  return { tree, kernel: { version: kernelVersion(tree), image }, parts };
}

/** The kernel image leaves with boot/: `drop` of boot/ must not lose it before it is taken. */
function withBoot(layers: readonly Layer[]): Layer[] {
  return layers.map((layer) => ({ ...layer, keep: [...layer.keep, "boot/vmlinuz-*"] }));
}

function takeKernel(tree: Tree): Entry & { type: "file" } {
  const path = [...tree.keys()].find((candidate) => candidate.startsWith("boot/vmlinuz-"));
  const entry = path === undefined ? undefined : tree.get(path);
  if (path === undefined || entry?.type !== "file") throw new Error("no package brings boot/vmlinuz-*");
  tree.delete(path);
  return entry;
}

async function addKernelModules(tree: Tree, input: ComposeInput): Promise<void> {
  const { arch } = input.board;
  const wanted = [
    ...input.layers.flatMap(({ layer }) => [
      ...layer.modules,
      ...(layer.modulesFor[arch] ?? []),
      ...layer.initrd.modules,
    ]),
    ...input.board.modules,
    ...input.board.initrdModules,
  ];
  const kernel = input.packages
    .filter(({ name }) => name.startsWith("linux-image-"))
    .map(({ name, version }) => [name, version]);
  const unpacked = await input.stage("modules", { kernel, arch, wanted: [...new Set(wanted)].sort() }, (folder) =>
    unpackModules(tree, wanted, folder, input.runTool),
  );
  await replaceModules(tree, unpacked);
}

function applyModes(tree: Tree, layers: readonly Layer[], ledger: AccountsLedger): void {
  for (const [path, { mode, owner, group }] of layers.flatMap((layer) => Object.entries(layer.modes))) {
    const entry = tree.get(path.slice(1));
    if (entry === undefined) throw new Error(`modes: ${path} is not in the tree`);
    const ids = { uid: lookUp(ledger.users, "user", owner), gid: lookUp(ledger.groups, "group", group) };
    tree.set(path.slice(1), { ...entry, ...ids, mode: Number.parseInt(mode, 8) });
  }
}

/** Gives the state program its typed list and makes the mount points. */
function addStatePaths(tree: Tree, layers: readonly Layer[], ledger: AccountsLedger): void {
  const list = layers
    .flatMap((layer) => layer.state)
    .map(({ path, mode, owner, group, partition, seed }) => ({
      path,
      mode,
      uid: lookUp(ledger.users, "user", owner),
      gid: lookUp(ledger.groups, "group", group),
      partition,
      seed,
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const { path, mode, uid, gid } of list) {
    const key = path.slice(1);
    if (!tree.has(key) && !key.startsWith("var/"))
      tree.set(key, { type: "directory", mode: Number.parseInt(mode, 8), uid, gid });
  }
  addText(tree, "usr/lib/holdfast/state-paths.json", `${JSON.stringify(list, null, 1)}\n`);
}

function addText(tree: Tree, path: string, text: string): void {
  tree.set(path, { type: "file", content: contentOf(text), mode: 0o644, uid: 0, gid: 0 });
}

function sizes(packages: ComposeInput["packages"], tree: ReadonlyTree, owners: ReadonlyMap<string, string>): Part[] {
  const bytes = new Map<string, number>();
  const kernel = packages.find(({ name }) => /^linux-image-\d/.test(name))?.name;
  for (const [path, entry] of tree) {
    const owner = path.startsWith("usr/lib/modules/") ? kernel : owners.get(path);
    if (entry.type === "file" && owner !== undefined) bytes.set(owner, (bytes.get(owner) ?? 0) + sizeOf(entry.content));
  }
  return packages
    .map(({ name, version }) => ({ name, version, bytes: bytes.get(name) ?? 0 }))
    .sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
}
