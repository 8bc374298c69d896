import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { refuse, suggestName } from "@holdfast/contracts";
import { writeLock } from "../apt/index.ts";
import { openScratch } from "../cache/index.ts";
import { pinnedNode } from "../oci/node-binary.ts";
import { type Disk, imageTools, makeDisk, type Outputs, writeOutputs } from "../pack/index.ts";
import { toolCommand } from "../tools/index.ts";
import type { ReadonlyTree } from "../tree/entry.ts";
import { bootEntries, FACTORY_ENTRY } from "./boot-entries.ts";
import { type Variant, variants, type Workshop } from "./build-options.ts";
import type { BuiltSlot } from "./build-slot.ts";
import { openLocked } from "./open-packages.ts";

export type DiskOptions = {
  readonly slot: BuiltSlot;
  readonly variant: Variant;
  /** The operator's config.json, merged over the factory's. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** What resin-data holds at first: a preloaded project. */
  readonly dataTree?: ReadonlyTree;
  /** Folder that the raw image is written to, under `imageName`. */
  readonly out: string;
};

/** @throws `image.unknown-variant` with the nearest name */
export function parseVariant(name: string): Variant {
  return (
    variants.find((variant) => variant === name) ??
    refuse("image.unknown-variant", { message: `There is no variant "${name}".`, hint: suggestName(name, variants) })
  );
}

/** File name of an image, without extension. Pure. */
export function imageName({ board, version }: BuiltSlot, variant: Variant): string {
  return `holdfast-${board.slug}-${variant}-${version}`;
}

/** Writes the bootable disk image of a release: raw, sparse, complete when it appears under its name. */
export async function buildDisk(
  { slot, variant, config, dataTree, out }: DiskOptions,
  workshop: Workshop,
): Promise<Disk> {
  const { board, version, epoch, folder } = slot;
  await mkdir(out, { recursive: true });
  const step = workshop.progress.start("write disk image");
  const scratch = await mkdtemp(join(out, ".scratch-"));
  try {
    const given = config === undefined ? {} : { config };
    return await makeDisk({
      partitions: board.partitions,
      bootEntries: await bootEntries({ board, variant, version, release: folder, ...given }),
      slot: { file: join(folder, "slot.img"), size: slot.facts.slot.size },
      ...(dataTree === undefined ? {} : { dataTree }),
      epoch,
      seed: `${board.slug}-${version}`,
      tools: imageTools(toolCommand(workshop.tools), epoch, workshop.signal),
      output: join(out, `${imageName(slot, variant)}.img`),
      scratch,
      ...(workshop.signal === undefined ? {} : { signal: workshop.signal }),
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
    step.end();
  }
}

export type PublishOptions = {
  readonly slot: BuiltSlot;
  readonly variant: Variant;
  readonly disk: Disk;
  /** Folder for the outputs; made if missing. */
  readonly out: string;
  /** zstd level of the image, 1 to 19. */
  readonly level?: number;
};

/** Writes what a build hands out: compressed image, bmap, bills of materials, lock and manifest; all of them or none. */
export async function publishImage(
  { slot, variant, disk, out, level }: PublishOptions,
  workshop: Workshop,
): Promise<Outputs> {
  const { board, facts, version, epoch, lock } = slot;
  const step = workshop.progress.start("compress image, write manifest");
  try {
    await using scratch = await openScratch(workshop.cache);
    const lockFile = join(scratch.directory, "lock.json");
    await writeLock(lockFile, lock);
    // Packages of which nothing is in the slot are not in the product.
    const present = new Set(facts.parts.filter(({ bytes }) => bytes > 0).map(({ name }) => name));
    const packages = lock.packages.filter(({ name }) => present.has(name));
    const debs = await openLocked(packages, lock, workshop);
    const control = new Map(debs.map((deb) => [deb.name, deb.control]));
    const node = await pinnedNode(workshop.repository, board.arch);
    return await writeOutputs({
      disk,
      name: imageName(slot, variant),
      directory: out,
      manifest: {
        board: board.slug,
        arch: board.arch,
        deviceType: board.deviceType,
        variant,
        version,
        epoch,
        kernel: { version: facts.kernelVersion, cmdline: facts.cmdline },
        slot: facts.slot,
        initrd: facts.initrd,
        uki: { size: facts.ukiBytes, path: FACTORY_ENTRY },
      },
      sbom: {
        packages: packages.map((entry) => ({ ...entry, control: control.get(entry.name) ?? {} })),
        parts: [
          { name: node.name, version: node.version, purl: `pkg:npm/${node.name}@${node.version}`, license: "MIT" },
        ],
      },
      locks: { "lock.json": lockFile },
      ...(level === undefined ? {} : { level }),
      tools: imageTools(toolCommand(workshop.tools), epoch, workshop.signal),
      ...(workshop.signal === undefined ? {} : { signal: workshop.signal }),
    });
  } finally {
    step.end();
  }
}
