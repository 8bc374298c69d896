import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import {
  type BuiltSlot,
  buildDisk,
  buildSlot,
  imageName,
  openIdNamespace,
  parseVariant,
  type SecureBootKeys,
  stage,
  type Variant,
  type Workshop,
} from "@holdfast/image";
import { bundlePrograms } from "./bundle-programs.ts";
import { preloadData } from "./preload-data.ts";

/** What an image is wanted of. */
export type DeviceImageRequest = {
  readonly board: string;
  readonly variant: string;
  readonly version: string;
  readonly epoch: number;
  /** Compress the slot: for releases. */
  readonly compress?: boolean;
  readonly config?: Readonly<Record<string, unknown>>;
  /** Folder of a compose project. */
  readonly preload?: string;
  readonly keys?: SecureBootKeys;
  readonly locked?: boolean;
  readonly strict?: boolean;
};

type Disk = Awaited<ReturnType<typeof buildDisk>>;

export type DeviceImage = {
  /** The raw disk image, in the cache: must not be changed. */
  readonly disk: Disk;
  readonly slot: BuiltSlot;
  readonly variant: Variant;
  /** For the operator: packages not as locked, changed scripts, what of a compose project is ignored. */
  readonly notes: readonly string[];
};

/** Beside the image in its stage: what `buildDisk` said about it. */
const FACTS = "disk.json";

/**
 * Joins the packages: bundles our programs, builds the slot, puts the preloaded app in, writes the disk. Each of these is
 * a cached stage, so an image that was built before is there at once.
 */
export async function deviceImage(request: DeviceImageRequest, workshop: Workshop): Promise<DeviceImage> {
  const { compress, preload, config, variant: variantName, ...rest } = request;
  const variant = parseVariant(variantName);
  // Before minutes of other work: the private engine builds the app last.
  if (preload !== undefined) await openIdNamespace();
  const slot = await buildSlot(
    { ...rest, programs: await bundlePrograms(request.version), compression: compress === true ? "lz4hc" : "none" },
    workshop,
  );
  const data = preload === undefined ? undefined : await preloadData(preload, slot.board, request.epoch, workshop);
  const inputs = {
    // The slot's key covers the sources of the builder, the layers, the packages and the version.
    slot: path.basename(slot.folder),
    variant,
    config: config ?? null,
    data: data?.key ?? null,
  };
  const folder = await stage({ cache: workshop.cache, name: "image", inputs }, async (out) => {
    const extras = {
      ...(config === undefined ? {} : { config }),
      ...(data === undefined ? {} : { dataTree: data.tree }),
    };
    const disk = await buildDisk({ slot, variant, out, ...extras }, workshop);
    await writeFile(path.join(out, FACTS), JSON.stringify(disk));
  });
  const disk: Disk = JSON.parse(await readFile(path.join(folder, FACTS), "utf8"));
  const file = path.join(folder, `${imageName(slot, variant)}.img`);
  return { disk: { ...disk, file }, slot, variant, notes: [...slot.notes, ...(data?.warnings ?? [])] };
}
