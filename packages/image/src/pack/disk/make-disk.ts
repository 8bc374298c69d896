import { createHash } from "node:crypto";
import { chmod, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Board } from "@holdfast/contracts";
import { reportDiskFull } from "../../cache/disk-full.ts";
import type { ReadonlyTree } from "../../tree/entry.ts";
import { uuidFrom } from "../archive/manifest-digest.ts";
import type { ImageTools } from "../image-tools.ts";
import { copySparse } from "./copy-sparse.ts";
import { dataSize } from "./data-size.ts";
import type { Gpt, GptPartition } from "./gpt.ts";
import { type BootEntries, makeBootFilesystem } from "./make-boot-filesystem.ts";
import { makeExt4 } from "./make-ext4.ts";
import { createPartitionTable, type PartitionLabel, type PartitionSizes } from "./partition-table.ts";

const MEBIBYTE = 1024 * 1024;

export type DiskOptions = {
  /** Sizes as the board says; resin-data becomes larger when its content needs it. */
  readonly partitions: Board["partitions"];
  readonly bootEntries: BootEntries;
  /** The finished slot, copied to resin-rootA. */
  readonly slot: { readonly file: string; readonly size: number };
  readonly stateTree?: ReadonlyTree;
  readonly dataTree?: ReadonlyTree;
  readonly epoch: number;
  /** Any text; all identifiers of the disk come from it. The first boot makes them unique. */
  readonly seed: string;
  readonly tools: ImageTools;
  readonly output: string;
  readonly scratch: string;
  readonly signal?: AbortSignal;
};

export type Disk = { readonly file: string; readonly size: number; readonly partitions: readonly GptPartition[] };

/**
 * Makes a bootable disk image: partition table, boot partition, slot A, empty slot B, state and data. Works the same as
 * root and as an ordinary user; same inputs, same bytes. `output` is sparse and appears only when it is complete.
 * @throws `image.boot-too-large`, `image.disk-full`
 */
export function makeDisk(options: DiskOptions): Promise<Disk> {
  return reportDiskFull(dirname(options.output), () => writeDisk(options));
}

async function writeDisk(options: DiskOptions): Promise<Disk> {
  const partial = `${options.output}.partial`;
  await rm(partial, { force: true });
  try {
    const gpt = await createPartitionTable({
      ...options,
      file: partial,
      sizes: sizesOf(options),
      seed: uuid(options, "disk"),
    });
    await fill(partial, gpt, options);
    await chmod(partial, 0o644);
    await rename(partial, options.output);
    return { file: options.output, size: gpt.diskSize, partitions: gpt.partitions };
  } finally {
    await rm(partial, { force: true });
  }
}

function sizesOf({ partitions, stateTree, dataTree }: DiskOptions): PartitionSizes {
  return {
    "resin-boot": partitions.boot * MEBIBYTE,
    "resin-rootA": partitions.root * MEBIBYTE,
    "resin-rootB": partitions.root * MEBIBYTE,
    "resin-state": dataSize(stateTree, partitions.state * MEBIBYTE),
    "resin-data": dataSize(dataTree, partitions.data * MEBIBYTE),
  };
}

async function fill(image: string, gpt: Gpt, options: DiskOptions): Promise<void> {
  const { epoch, tools, scratch, signal } = options;
  const place = (label: PartitionLabel) => {
    const found = gpt.partitions.find((partition) => partition.label === label);
    if (found === undefined) throw new Error(`${label} is missing from the partition table`);
    return { image, offset: found.offset, size: found.size, label };
  };
  const serial = digest(options, "boot serial").subarray(0, 4).toString("hex");
  await makeBootFilesystem({ ...place("resin-boot"), entries: options.bootEntries, serial, tools, scratch });
  await copySparse(options.slot.file, image, place("resin-rootA").offset, signal);
  for (const [label, tree] of [
    ["resin-state", options.stateTree],
    ["resin-data", options.dataTree],
  ] as const) {
    const identity = { uuid: uuid(options, label), hashSeed: uuid(options, `${label} hash seed`) };
    await makeExt4({ ...place(label), ...identity, tree, epoch, tools, ...(signal && { signal }) });
  }
}

const digest = ({ seed }: DiskOptions, purpose: string): Buffer =>
  createHash("sha256").update(`holdfast ${purpose} ${seed}`).digest();
const uuid = (options: DiskOptions, purpose: string): string => uuidFrom(digest(options, purpose));
