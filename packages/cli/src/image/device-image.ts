import path from "node:path";
import { type BuiltSlot, buildDisk, buildSlot, parseVariant, type SecureBootKeys, stage } from "@holdfast/image";
import type { Context } from "../command/command.ts";
import { openWorkshop } from "../machine/workshop.ts";
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

export type DeviceImage = {
  /** Raw disk image in the cache; must not be changed. */
  readonly image: string;
  readonly name: string;
  readonly slot: BuiltSlot;
  /** For the operator: packages not as locked, changed scripts. */
  readonly notes: readonly string[];
};

/**
 * Joins the packages: bundles our programs, builds the slot, puts the preloaded app in, writes the disk. Each of these is
 * a cached stage, so an image that was built before is there at once.
 */
export async function deviceImage(
  request: DeviceImageRequest,
  context: Pick<Context, "progress" | "signal">,
): Promise<DeviceImage> {
  const { compress, preload, config, ...rest } = request;
  const workshop = await openWorkshop(context);
  const options = {
    ...rest,
    programs: await bundlePrograms(request.version),
    compression: compress === true ? ("lz4hc" as const) : ("none" as const),
    ...(config === undefined ? {} : { config }),
  };
  const slot = await buildSlot(options, workshop);
  const data = preload === undefined ? undefined : await preloadData(preload, slot.board, request.epoch, workshop);
  const name = `holdfast-${slot.board.slug}-${request.variant}-${request.version}`;
  const inputs = {
    // The slot's key covers the sources of the builder, the layers and the packages.
    slot: path.basename(slot.folder),
    variant: request.variant,
    config: config ?? null,
    data: data?.key ?? null,
  };
  const folder = await stage({ cache: workshop.cache, name: "image", inputs }, async (directory) => {
    const dataTree = data === undefined ? {} : { dataTree: data.tree };
    const given = config === undefined ? {} : { config };
    await buildDisk({ slot, variant: parseVariant(request.variant), ...given, ...dataTree, out: directory }, workshop);
  });
  return { image: path.join(folder, `${name}.img`), name, slot, notes: [...slot.notes, ...(data?.warnings ?? [])] };
}
