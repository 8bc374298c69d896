import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  imageTools,
  makeDisk,
  makeInitrd,
  makeSlot,
  makeUki,
  type Outputs,
  type SecureBootKeys,
  signLoader,
  writeOutputs,
} from "../../packages/image/src/pack/index.ts";
import { type ToolsTree, toolCommand } from "../../packages/image/src/tools/index.ts";
import { type Content, contentOf, type Entry, type Tree } from "../../packages/image/src/tree/entry.ts";

export const EPOCH = 1_700_000_000;
const KERNEL = "6.12.0-test";
const MEBIBYTE = 2 ** 20;

export type TinyImage = {
  readonly outputs: Outputs;
  readonly disk: string;
  readonly slot: { readonly file: string; readonly rootHash: string; readonly hashOffset: number };
  readonly uki: string;
  readonly loader: string;
};

export type TinyOptions = {
  readonly keys?: SecureBootKeys;
  readonly reversed?: boolean;
  readonly signal?: AbortSignal;
};

const whole = (file: string): Content => ({ kind: "range", file, offset: 0, size: statSync(file).size });
const directory: Entry = { type: "directory", mode: 0o755, uid: 0, gid: 0 };

/** A root of a few programs of the tools tree, with every property that an image must carry through. */
function tinyRoot(tools: ToolsTree): Tree {
  const libraries = "usr/lib/x86_64-linux-gnu";
  const entries: [string, Entry][] = [
    "",
    "etc",
    "etc/holdfast",
    "usr",
    "usr/bin",
    "usr/lib",
    libraries,
    "usr/lib/holdfast",
    "usr/lib/modules",
    `usr/lib/modules/${KERNEL}`,
    "usr/lib64",
  ].map((path): [string, Entry] => [path, directory]);
  const add = (path: string, content: Content, rest: Partial<Pick<Entry, "mode" | "uid" | "gid" | "xattrs">> = {}) =>
    entries.push([path, { type: "file", mode: 0o644, uid: 0, gid: 0, content, ...rest }]);
  const link = (path: string, target: string) =>
    entries.push([path, { type: "symlink", mode: 0o777, uid: 0, gid: 0, target }]);
  add("usr/bin/kmod", whole(join(tools.root, "usr/bin/kmod")), {
    mode: 0o755,
    xattrs: { "security.capability": Buffer.from("0100000200200000000000000000000000000000", "hex") },
  });
  link("lib64", "usr/lib64");
  link("usr/bin/modprobe", "kmod");
  link("usr/lib64/ld-linux-x86-64.so.2", "../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
  for (const name of readdirSync(join(tools.root, libraries)))
    if (/^(ld-linux|libc\.so|libzstd|liblzma|libcrypto|libz\.so)/.test(name))
      add(`${libraries}/${name}`, whole(join(tools.root, libraries, name)));
  add("usr/lib/os-release", contentOf('PRETTY_NAME="Tiny"\nID=tiny\n'));
  add("usr/lib/holdfast/packages.json", contentOf('[{"name":"kmod","version":"1","bytes":10}]\n'));
  for (const name of [
    "modules.dep",
    "modules.alias",
    "modules.softdep",
    "modules.builtin",
    "modules.builtin.modinfo",
    "modules.order",
  ])
    add(`usr/lib/modules/${KERNEL}/${name}`, contentOf(""));
  add("etc/owned", contentOf("by others\n"), { mode: 0o4750, uid: 123, gid: 456 });
  add(`etc/holdfast/${"long".repeat(40)}`, contentOf("a name that no ustar header holds\n"));
  return new Map(entries);
}

/** Builds a whole disk and its outputs below `folder`, from slot to bills of materials. */
export async function buildTinyImage(tools: ToolsTree, folder: string, options: TinyOptions = {}): Promise<TinyImage> {
  const { keys, signal } = options;
  const run = imageTools(toolCommand(tools), EPOCH);
  const scratch = join(folder, "scratch");
  await mkdir(scratch, { recursive: true });
  const sorted = tinyRoot(tools);
  const tree = options.reversed === true ? new Map([...sorted].reverse()) : sorted;
  const common = { epoch: EPOCH, tools: run, scratch, ...(signal && { signal }) };
  const at = (name: string) => join(folder, name);
  const efi = join(tools.root, "usr/lib/systemd/boot/efi");

  const slot = await makeSlot({
    ...common,
    tree,
    compression: "none",
    output: at("slot.img"),
    partitionSize: 64 * MEBIBYTE,
  });
  const spec = { modules: [], paths: ["/usr/bin/modprobe"], wants: {}, entries: new Map<string, Entry>() };
  const initrd = await makeInitrd({
    ...common,
    tree,
    spec,
    kernelVersion: KERNEL,
    compression: "fast",
    output: at("initrd.img"),
  });
  const uki = await makeUki({
    ...common,
    // Any EFI program does for a kernel that is never started.
    kernel: whole(join(efi, "systemd-bootx64.efi")),
    kernelVersion: KERNEL,
    initrd: initrd.file,
    cmdline: `holdfast.roothash=${slot.rootHash}`,
    prettyName: 'Tiny "1"',
    stub: whole(join(efi, "linuxx64.efi.stub")),
    arch: "amd64",
    output: at("uki.efi"),
    ...(keys && { keys }),
  });
  const loader = keys === undefined ? join(efi, "systemd-bootx64.efi") : at("loader.efi");
  if (keys !== undefined)
    await signLoader({ ...common, loader: whole(join(efi, "systemd-bootx64.efi")), keys, output: loader });
  const bootEntries: [string, Content][] = [
    ["EFI/BOOT/BOOTX64.EFI", whole(loader)],
    ["EFI/Linux/holdfast-000001.efi", whole(uki.file)],
    ["config.json", contentOf("{}\n")],
    ["system-connections/A network with a long name.ignore", contentOf("x")],
  ];
  const dataTree: Tree = new Map<string, Entry>([
    ["", directory],
    ["apps.json", { type: "file", mode: 0o600, uid: 7, gid: 8, content: contentOf("{}\n") }],
  ]);
  const disk = await makeDisk({
    ...common,
    partitions: { boot: 128, root: 64, state: 32, data: 32 },
    bootEntries: new Map(options.reversed === true ? bootEntries.reverse() : bootEntries),
    slot,
    dataTree,
    seed: "tiny",
    output: at("disk.img"),
  });
  await writeFile(at("lock.json"), "{}\n");
  const { file: _file, ...slotFacts } = slot;
  const outputs = await writeOutputs({
    ...common,
    disk,
    name: "holdfast-tiny",
    directory: at("out"),
    locks: { "lock.json": at("lock.json") },
    sbom: { packages: [{ name: "kmod", version: "1", arch: "amd64", sha256: "0".repeat(64), control: {} }] },
    manifest: {
      board: "tiny",
      arch: "amd64",
      deviceType: "tiny",
      variant: "development",
      version: "1.0.0",
      epoch: EPOCH,
      kernel: { version: KERNEL, cmdline: "" },
      slot: slotFacts,
      initrd: { size: initrd.size, unpackedSize: initrd.unpackedSize },
      uki: { size: uki.size, path: "EFI/Linux/holdfast-000001.efi" },
    },
  });
  return { outputs, disk: disk.file, slot, uki: uki.file, loader };
}

/** SHA-256 of every file that a build made, by name. */
export async function digestsOf(folder: string): Promise<Record<string, string>> {
  const names = [
    ...["slot.img", "initrd.img", "uki.efi", "disk.img"],
    ...readdirSync(join(folder, "out")).map((name) => `out/${name}`),
  ];
  const digests: Record<string, string> = {};
  for (const name of names.sort())
    digests[name] = createHash("sha256")
      .update(await readFile(join(folder, name)))
      .digest("hex");
  return digests;
}
