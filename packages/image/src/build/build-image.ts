import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Board, refuse, suggestName } from "@holdfast/contracts";
import { imageTools, makeDisk } from "../pack/index.ts";
import { toolCommand } from "../tools/index.ts";
import type { ReadonlyTree } from "../tree/entry.ts";
import { bootEntries } from "./boot-entries.ts";
import { type RootfsOptions, type Variant, variants, type Workshop } from "./build-options.ts";
import { type BuiltSlot, buildSlot } from "./build-slot.ts";

export type ImageOptions = RootfsOptions & {
  readonly variant: string;
  /** Folder for the outputs; made if missing. */
  readonly out: string;
  /** The operator's config.json, merged over the factory's. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** What resin-data holds at first: a preloaded project. */
  readonly dataTree?: ReadonlyTree;
};

export type BuiltImage = {
  /** Raw disk image, sparse. */
  readonly image: string;
  readonly name: string;
  readonly board: Board;
  readonly slot: BuiltSlot;
  readonly bytes: number;
  readonly notes: readonly string[];
};

/** @throws `image.unknown-variant` with the nearest name */
export function parseVariant(name: string): Variant {
  return (
    variants.find((variant) => variant === name) ??
    refuse("image.unknown-variant", { message: `There is no variant "${name}".`, hint: suggestName(name, variants) })
  );
}

/** Builds a bootable disk image of a board. Everything but the disk itself is a cached stage. */
export async function buildImage(options: ImageOptions, workshop: Workshop): Promise<BuiltImage> {
  const variant = parseVariant(options.variant);
  const slot = await buildSlot(options, workshop);
  const { board } = slot;
  const name = `holdfast-${board.slug}-${variant}-${options.version}`;
  await mkdir(options.out, { recursive: true });
  const step = workshop.progress.start("write disk image");
  const scratch = await mkdtemp(join(options.out, ".scratch-"));
  try {
    const entries = await bootEntries({
      board,
      variant,
      version: options.version,
      release: slot.folder,
      ...(options.config === undefined ? {} : { config: options.config }),
    });
    const disk = await makeDisk({
      partitions: board.partitions,
      bootEntries: entries,
      slot: { file: join(slot.folder, "slot.img"), size: slot.facts.slot.size },
      ...(options.dataTree === undefined ? {} : { dataTree: options.dataTree }),
      epoch: options.epoch,
      seed: `${board.slug}-${options.version}`,
      tools: imageTools(toolCommand(workshop.tools), options.epoch),
      output: join(options.out, `${name}.img`),
      scratch,
      ...(workshop.signal === undefined ? {} : { signal: workshop.signal }),
    });
    return { image: disk.file, name, board, slot, bytes: disk.size, notes: slot.notes };
  } finally {
    await rm(scratch, { recursive: true, force: true });
    step.end();
  }
}
