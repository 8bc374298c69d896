import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { messageOf, refuse } from "@holdfast/contracts";
import type { Content } from "../../tree/entry.ts";
import { openContent } from "../archive/content-reader.ts";
import { GPT_HEAD_SECTORS, type Gpt, type GptPartition, parseGpt } from "../disk/gpt.ts";
import { readHead } from "../disk/read-head.ts";
import type { ImageTools } from "../image-tools.ts";
import { peSections } from "./pe-sections.ts";
import {
  type ErofsSuperblock,
  parseErofs,
  parseVerity,
  SUPERBLOCK_BYTES,
  type VeritySuperblock,
} from "./slot-superblock.ts";

type InspectedSlot = {
  /** resin-rootA or resin-rootB. */
  readonly label: string;
  readonly partitionSize: number;
  /** Absent in an empty slot. */
  readonly filesystem?: ErofsSuperblock;
  readonly verity?: VeritySuperblock;
};

type InspectedUki = {
  readonly path: string;
  readonly size: number;
  readonly prettyName: string;
  readonly kernelVersion: string;
  readonly cmdline: string;
  readonly kernelSize: number;
  readonly initrdSize: number;
  readonly signed: boolean;
};

type InspectedPackage = { readonly name: string; readonly version: string; readonly bytes: number };

/** What `holdfast inspect IMAGE` prints. Sizes in bytes. */
export type InspectedImage = {
  readonly file: string;
  /** Of the uncompressed image. */
  readonly size: number;
  readonly diskUuid: string;
  readonly partitions: readonly GptPartition[];
  readonly boot: readonly { readonly path: string; readonly size: number }[];
  readonly ukis: readonly InspectedUki[];
  readonly slots: readonly InspectedSlot[];
  /** os-release of slot A; empty when the slot is. */
  readonly osRelease: Readonly<Record<string, string>>;
  /** Of slot A, largest first. */
  readonly packages: readonly InspectedPackage[];
};

export type InspectOptions = { readonly tools: ImageTools; readonly scratch: string; readonly signal?: AbortSignal };

/**
 * Reads an image (`.img`, or `.img.zst`, which is unpacked to `scratch` for the time) without mounting anything.
 * @throws `image.not-an-image` when the file has no partition table of ours.
 */
export async function inspectImage(image: string, options: InspectOptions): Promise<InspectedImage> {
  const folder = await mkdtemp(join(options.scratch, "inspect-"));
  try {
    const file = await unpacked(resolve(image), folder, options);
    const gpt = parseGpt(await readHead(file, GPT_HEAD_SECTORS * 512));
    if (gpt === undefined) notAnImage(image, "it has no GUID partition table");
    const [boot, rootA, rootB] = ["resin-boot", "resin-rootA", "resin-rootB"].map((label) =>
      partition(gpt, label, image),
    );
    if (boot === undefined || rootA === undefined || rootB === undefined) throw new Error("unreachable");
    const bootFolder = join(folder, "boot");
    await options.tools.run(["mcopy", "-s", "-n", "-i", `${file}@@${boot.offset}`, "::/", bootFolder]);
    const bootFiles = await filesBelow(bootFolder);
    return {
      file: image,
      size: gpt.diskSize,
      diskUuid: gpt.diskUuid,
      partitions: gpt.partitions,
      boot: bootFiles,
      ukis: bootFiles.flatMap(({ path, size }) => inspectUki(join(bootFolder, path), path, size) ?? []),
      slots: await Promise.all([rootA, rootB].map((slot) => inspectSlot(file, slot))),
      osRelease: parseOsRelease(await slotText(file, rootA, "/usr/lib/os-release", options.tools)),
      packages: parsePackages(await slotText(file, rootA, "/usr/lib/holdfast/packages.json", options.tools)),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function notAnImage(image: string, because: string): never {
  return refuse("image.not-an-image", {
    message: `${image} is no Holdfast image: ${because}.`,
    hint: "Name an .img or .img.zst file that `holdfast build` made.",
  });
}

function partition(gpt: Gpt, label: string, image: string): GptPartition {
  return gpt.partitions.find((one) => one.label === label) ?? notAnImage(image, `it has no partition ${label}`);
}

async function unpacked(image: string, folder: string, { tools, signal }: InspectOptions): Promise<string> {
  await stat(image).catch((cause: unknown) => notAnImage(image, messageOf(cause)));
  if (!image.endsWith(".zst")) return image;
  const file = join(folder, "disk.img");
  try {
    await tools.run(["zstd", "-q", "-d", "--sparse", image, "-o", file], { ...(signal && { signal }) });
  } catch (failure) {
    if (signal?.aborted) throw failure;
    notAnImage(image, `zstd cannot unpack it (${messageOf(failure)})`);
  }
  return file;
}

async function filesBelow(folder: string): Promise<{ path: string; size: number }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sized = files.map(async (file) => ({ path: relative(folder, file), size: (await stat(file)).size }));
  return (await Promise.all(sized)).sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function inspectSlot(file: string, { label, offset, size }: GptPartition): Promise<InspectedSlot> {
  const head = (at: number) => {
    using reader = openContent({ kind: "range", file, offset: offset + at, size: SUPERBLOCK_BYTES });
    return reader.read(0, SUPERBLOCK_BYTES);
  };
  const filesystem = parseErofs(head(0));
  if (filesystem === undefined) return { label, partitionSize: size };
  const verity = filesystem.size + SUPERBLOCK_BYTES <= size ? parseVerity(head(filesystem.size)) : undefined;
  return { label, partitionSize: size, filesystem, ...(verity && { verity }) };
}

function inspectUki(file: string, path: string, size: number): InspectedUki | undefined {
  if (!path.toLowerCase().endsWith(".efi")) return undefined;
  const content: Content = { kind: "range", file, offset: 0, size };
  using reader = openContent(content);
  const sections = new Map(peSections(reader)?.map((section) => [section.name, section]));
  if (!sections.has(".linux")) return undefined;
  const textOf = (name: string): string => {
    const section = sections.get(name);
    return section === undefined ? "" : new TextDecoder().decode(reader.read(section.offset, section.size)).trim();
  };
  return {
    path,
    size,
    prettyName: parseOsRelease(textOf(".osrel"))["PRETTY_NAME"] ?? "",
    kernelVersion: textOf(".uname"),
    cmdline: textOf(".cmdline").replaceAll("\u0000", ""),
    kernelSize: sections.get(".linux")?.size ?? 0,
    initrdSize: sections.get(".initrd")?.size ?? 0,
    signed: isSigned(reader.read(0, Math.min(size, SUPERBLOCK_BYTES))),
  };
}

/** A PE file with an entry in its certificate table (directory 4 of the 64-bit optional header). */
function isSigned(head: Uint8Array): boolean {
  const bytes = Buffer.from(head);
  const directory = bytes.readUInt32LE(60) + 24 + 112 + 4 * 8;
  return directory + 8 <= bytes.length && bytes.readUInt32LE(directory + 4) > 0;
}

async function slotText(file: string, { offset }: GptPartition, path: string, tools: ImageTools): Promise<string> {
  return tools.run(["dump.erofs", `--offset=${offset}`, "--cat", `--path=${path}`, file]).then(
    ({ stdout }) => stdout,
    () => "",
  );
}

/** KEY=value lines, quotes removed (os-release(5)). */
export function parseOsRelease(text: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [, key = "", value = ""] of text.matchAll(/^([A-Z0-9_]+)=(.*)$/gm))
    fields[key] = value.replace(/^(["'])(.*)\1$/, "$2").replaceAll(/\\(.)/g, "$1");
  return fields;
}

function parsePackages(text: string): InspectedPackage[] {
  if (text === "") return [];
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list)) return [];
  return list.filter(isPackage).sort((a, b) => b.bytes - a.bytes);
}

function isPackage(value: unknown): value is InspectedPackage {
  if (typeof value !== "object" || value === null) return false;
  return "name" in value && "version" in value && "bytes" in value && typeof value.bytes === "number";
}
