import { createHash } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Board, refuse } from "@holdfast/contracts";
import type { Lock } from "../apt/index.ts";
import { keyOf, openScratch, stage } from "../cache/index.ts";
import { accountsLedgerSchema } from "../compose/accounts.ts";
import { type ComposedRoot, composeRoot, type Part } from "../compose/compose-root.ts";
import { osRelease } from "../compose/derived.ts";
import { checkScripts, requireAccounted, scriptsLedgerSchema } from "../compose/scripts-ledger.ts";
import { watchdogSettings } from "../compose/watchdog.ts";
import {
  type ImageTools,
  imageTools,
  initrdTree,
  makeSlot,
  makeUki,
  packInitrd,
  type Slot,
  sharedSecrets,
  signLoader,
  unresolvedLibraries,
} from "../pack/index.ts";
import { toolCommand } from "../tools/index.ts";
import { type Content, contentOf, type ReadonlyTree, type Tree } from "../tree/entry.ts";
import { readContent } from "../tree/read-content.ts";
import { osDirOf, type RootfsOptions, type Workshop } from "./build-options.ts";
import { fingerprint } from "./fingerprint.ts";
import { initrdSpec } from "./initrd-spec.ts";
import { type OpenedPackage, openPackages, scriptsOf } from "./open-packages.ts";
import { fetchBoardPackages, hasSupervisor, readBoard } from "./resolve-board.ts";
import { supervisorArchive } from "./supervisor-archive.ts";
import { treeDigest } from "./tree-digest.ts";

/** slot.json of a finished slot stage: facts of one OS release for one board. */
export type SlotFacts = {
  readonly slot: Omit<Slot, "file">;
  readonly kernelVersion: string;
  readonly cmdline: string;
  readonly initrd: { readonly size: number; readonly unpackedSize: number };
  readonly ukiBytes: number;
  readonly parts: readonly Part[];
};

export type BuiltSlot = {
  readonly board: Board;
  readonly lock: Lock;
  readonly facts: SlotFacts;
  /** Folder with slot.img, uki.efi, loader.efi, os-release. */
  readonly folder: string;
  readonly version: string;
  readonly epoch: number;
  /** For the operator: packages not as locked, changed scripts. */
  readonly notes: readonly string[];
};

/** What changes an image and is neither a package nor a bundle: our own code, and the definitions. */
const CODE = ["packages/image/src", "packages/contracts/src"];
const DEFINITIONS = ["layers", "boards", "ledger"];

/** Builds the OS release of a board: one slot and its UKI, the same for every variant. A cached stage. */
export async function buildSlot(options: RootfsOptions, workshop: Workshop): Promise<BuiltSlot> {
  const { repository, cache } = workshop;
  const osDir = osDirOf(workshop);
  const resolved = await readBoard(osDir, options.board);
  const { lock, notes } = await fetchBoardPackages(resolved, workshop, options.locked ?? false);
  const inputs = {
    code: await fingerprint(repository, CODE),
    definitions: await fingerprint(osDir, DEFINITIONS),
    tools: workshop.tools.key,
    packages: lock.packages.map(({ sha256 }) => sha256),
    host: [...options.programs.host].map(([name, bytes]) => [name, createHash("sha256").update(bytes).digest("hex")]),
    supervisor: keyOf(
      Object.entries(options.programs.supervisor.files).map(([name, bytes]) => [
        name,
        createHash("sha256").update(bytes).digest("hex"),
      ]),
    ),
    keys: options.keys === undefined ? null : await fileDigest(options.keys.certificate),
    board: options.board,
    version: options.version,
    epoch: options.epoch,
    compression: options.compression,
  };
  const folder = await stage({ cache, name: "slot", inputs }, (directory) =>
    makeRelease(directory, resolved, lock, options, workshop),
  );
  const facts: SlotFacts = JSON.parse(await readFile(join(folder, "slot.json"), "utf8"));
  const warnings: string[] = JSON.parse(await readFile(join(folder, "warnings.json"), "utf8"));
  const { version, epoch } = options;
  return { board: resolved.board, lock, facts, folder, version, epoch, notes: [...notes, ...warnings] };
}

const fileDigest = async (file: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(file))
    .digest("hex");

type Resolved = Awaited<ReturnType<typeof readBoard>>;

async function makeRelease(
  directory: string,
  resolved: Resolved,
  lock: Lock,
  options: RootfsOptions,
  workshop: Workshop,
): Promise<void> {
  const { progress, cache, signal } = workshop;
  const tools = imageTools(toolCommand(workshop.tools), options.epoch, signal);
  await using opened = await openScratch(cache);
  const scratch = opened.directory;
  const accounts = accountsLedgerSchema.parse(
    JSON.parse(await readFile(join(osDirOf(workshop), "ledger/accounts.json"), "utf8")),
  );
  const packages = await openPackages(resolved.layers, lock, workshop);
  const warnings = await accountForScripts(packages, options, workshop);
  const { board, layers } = resolved;
  const root = await composeRoot({
    board,
    layers,
    packages,
    accounts,
    version: options.version,
    additions: await additions(resolved, lock, options, workshop),
    stage: (name, inputs, build) => stage({ cache, name, inputs: { inputs, tools: workshop.tools.key } }, build),
    scratch,
    runTool: (argv, where) => tools.run(argv, where),
    progress,
  });
  signal?.throwIfAborted();
  requireLibraries(root.tree);
  await requireNoSecrets(root.tree);
  const context: Context = { directory, scratch, tools, root, board, options, workshop };
  const spec = await initrdSpec(layers, board, accounts);
  // Neither needs the other.
  const [initrd, slot] = await bothOf(buildInitrd(context, spec), buildFilesystem(context));
  const ukiBytes = await buildUki(context, initrd.file, slot);
  await copyLoader(context);
  const { file: _, ...slotFacts } = slot;
  const { file: _initrd, ...initrdFacts } = initrd;
  const facts: SlotFacts = {
    slot: slotFacts,
    kernelVersion: root.kernel.version,
    cmdline: commandLine(board, slot),
    initrd: initrdFacts,
    ukiBytes,
    parts: root.parts,
  };
  const release = { version: options.version, deviceType: board.deviceType, boardName: board.name };
  await writeFile(join(directory, "os-release"), osRelease(release));
  await writeFile(join(directory, "warnings.json"), JSON.stringify(warnings));
  await writeFile(join(directory, "slot.json"), `${JSON.stringify(facts, null, 1)}\n`);
}

/** Both results; when one fails, the other has ended, too, before the scratch folder goes. */
async function bothOf<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return [await a, await b];
}

type Context = {
  readonly directory: string;
  readonly scratch: string;
  readonly tools: ImageTools;
  readonly root: ComposedRoot;
  readonly board: Board;
  readonly options: RootfsOptions;
  readonly workshop: Workshop;
};

async function accountForScripts(
  packages: readonly OpenedPackage[],
  options: RootfsOptions,
  workshop: Workshop,
): Promise<string[]> {
  const ledger = scriptsLedgerSchema.parse(
    JSON.parse(await readFile(join(osDirOf(workshop), "ledger/scripts.json"), "utf8")),
  );
  return requireAccounted(checkScripts(scriptsOf(packages), ledger), options.strict ?? false);
}

/** Host programs, facts of the board, the supervisor's archive, and the epoch that a clockless device starts its time from. */
async function additions(
  { board, layers }: Resolved,
  lock: Lock,
  options: RootfsOptions,
  workshop: Workshop,
): Promise<ReadonlyTree> {
  const tree: Tree = new Map(hasSupervisor(layers) ? await supervisorArchive(board, lock, options, workshop) : []);
  const file = (content: Content) => ({ type: "file", content, mode: 0o644, uid: 0, gid: 0 }) as const;
  for (const [name, bytes] of options.programs.host)
    tree.set(`usr/lib/holdfast/${name}.js`, file({ kind: "bytes", bytes }));
  tree.set("usr/lib/clock-epoch", file(contentOf("")));
  // What host programs have to know of the hardware.
  const { serialLogin } = board;
  tree.set("usr/lib/holdfast/board.json", file(contentOf(`${JSON.stringify({ serialLogin })}\n`)));
  for (const [path, entry] of watchdogSettings(board)) tree.set(path, entry);
  return tree;
}

const stopped = ({ signal }: Workshop): { signal?: AbortSignal } => (signal === undefined ? {} : { signal });

function requireLibraries(tree: ReadonlyTree): void {
  const missing = unresolvedLibraries(tree);
  if (missing.length === 0) return;
  refuse("image.unresolved-library", {
    message: `Programs need libraries that the image does not hold: ${missing
      .slice(0, 8)
      .map(({ path, library }) => `${path} needs ${library}`)
      .join(", ")}.`,
    hint: `Keep the library's package (look at "without" and "drop" of the layers), or drop the program.`,
  });
}

/** What every device would share must not be in an image. */
async function requireNoSecrets(tree: ReadonlyTree): Promise<void> {
  const found = await sharedSecrets(tree);
  if (found.length === 0) return;
  refuse("image.shared-secret", {
    message: `The image holds what must differ between devices: ${found.join("; ")}.`,
    hint: "Drop the file in the layer that brings its package.",
  });
}

async function buildInitrd(
  { root, options, tools, scratch, workshop }: Context,
  spec: Awaited<ReturnType<typeof initrdSpec>>,
) {
  const step = workshop.progress.start("pack initrd");
  const tree = await initrdTree({ tree: root.tree, spec, kernelVersion: root.kernel.version, tools, scratch });
  // Compressing is the long part: keyed by the content, a change elsewhere in the root does not repeat it.
  // Like the slot, only a release is made as small as can be.
  const compression = options.compression === "none" ? "fast" : "small";
  const inputs = { content: await treeDigest(tree), epoch: options.epoch, compression };
  const folder = await stage({ cache: workshop.cache, name: "initrd", inputs }, async (directory) => {
    const output = join(directory, "initrd");
    const packed = await packInitrd({ tree, epoch: options.epoch, output, compression, ...stopped(workshop) });
    await writeFile(join(directory, "unpacked-size"), String(packed.unpackedSize));
  });
  const file = join(folder, "initrd");
  step.end();
  const unpackedSize = Number(await readFile(join(folder, "unpacked-size"), "utf8"));
  return { file, size: (await stat(file)).size, unpackedSize };
}

async function buildFilesystem({ directory, root, board, options, tools, workshop }: Context): Promise<Slot> {
  const step = workshop.progress.start(`pack slot (${options.compression})`);
  const slot = await makeSlot({
    tree: root.tree,
    epoch: options.epoch,
    compression: options.compression,
    tools,
    output: join(directory, "slot.img"),
    partitionSize: board.partitions.root * 1024 * 1024,
    ...stopped(workshop),
  });
  step.end(`${Math.round(slot.size / 1e6)} MB`);
  return slot;
}

async function buildUki(
  { directory, root, board, options, tools, scratch }: Context,
  initrd: string,
  slot: Slot,
): Promise<number> {
  const uki = await makeUki({
    kernel: root.kernel.image.content,
    kernelVersion: root.kernel.version,
    initrd,
    cmdline: commandLine(board, slot),
    prettyName: `Holdfast ${options.version}`,
    stub: contentAt(root.tree, board.stub),
    arch: board.arch,
    ...(options.keys === undefined ? {} : { keys: options.keys }),
    tools,
    output: join(directory, "uki.efi"),
    scratch,
  });
  return uki.size;
}

/** No slot is named: the initrd finds the one that this root hash verifies (docs/adr/0003-boot-chain.md). Pure. */
function commandLine(board: Board, slot: Pick<Slot, "rootHash" | "hashOffset">): string {
  return [
    `holdfast.roothash=${slot.rootHash}`,
    `holdfast.hashoffset=${slot.hashOffset}`,
    ...["ro", "gpt", "systemd.gpt_auto=0", "rd.shell=0", "rd.emergency=reboot", "panic=10", "oops=panic"],
    ...board.consoles.map((console) => `console=${console}`),
    ...board.cmdline,
  ].join(" ");
}

function contentAt(tree: ReadonlyTree, path: string): Content {
  const entry = tree.get(path.slice(1));
  if (entry?.type === "file") return entry.content;
  return refuse("image.invalid-board", {
    message: `board: ${path} is not in the image`,
    hint: "Name the package that brings it in a layer.",
  });
}

async function copyLoader({ directory, root, board, options, tools, scratch }: Context): Promise<void> {
  const loader = contentAt(root.tree, board.loader.from);
  const output = join(directory, "loader.efi");
  if (options.keys === undefined) await writeFile(output, await readContent(loader));
  else await signLoader({ loader, keys: options.keys, tools, output, scratch });
}
