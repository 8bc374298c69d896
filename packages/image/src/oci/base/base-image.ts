import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture } from "@holdfast/contracts";
import { z } from "zod";
import { stage } from "../../cache/stage.ts";
import type { Deb } from "../../deb/open-deb.ts";
import { type Digest, hexOf, isDigest } from "../digest.ts";
import { type Image, makeImage } from "../image-config.ts";
import { type ImageLayer, writeLayer } from "../image-layer.ts";
import { writeArchive } from "../write-archive.ts";
import { baseTree } from "./base-tree.ts";

/** The name under which Dockerfiles ask for the base image. */
export const BASE_IMAGE_TAG = "debian:trixie-slim";

/** Raised with every change of what this code makes of the same packages. */
const FORMAT = 2;
/** For an archive that is loaded on the spot: quick, not small. */
const LEVEL = 3;

export type BaseImageInput = {
  readonly architecture: Architecture;
  /** `basePackages` with all that they need, opened. */
  readonly debs: readonly Deb[];
  readonly epoch: number;
  readonly cache: string;
};

/**
 * Composes Debian's slim base image from packages; no package script runs. Made once per set of packages and kept in the
 * cache. Same packages and epoch, same id.
 */
export async function baseImage({ architecture, debs, epoch, cache }: BaseImageInput): Promise<Image> {
  const packages = debs.map(
    ({ name, control }) => `${name} ${control["Version"] ?? ""} ${control["Architecture"] ?? ""}`,
  );
  const inputs = { format: FORMAT, architecture, epoch, packages: packages.sort() };
  const folder = await stage({ cache, name: "base-image", inputs }, async (directory) => {
    const layer = await writeLayer(await baseTree(debs, architecture, epoch), directory, epoch);
    await writeFile(join(directory, "layer.json"), JSON.stringify({ diffId: layer.diffId }));
  });
  return makeImage({
    architecture,
    epoch,
    tags: [BASE_IMAGE_TAG],
    config: { Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], Cmd: ["bash"] },
    layers: [{ layer: await storedLayer(folder), createdBy: "holdfast base-image # Debian trixie, slim" }],
  });
}

const layerRecord = z.object({ diffId: z.custom<Digest>((value) => typeof value === "string" && isDigest(value)) });

async function storedLayer(folder: string): Promise<ImageLayer> {
  const { diffId } = layerRecord.parse(JSON.parse(await readFile(join(folder, "layer.json"), "utf8")));
  const file = join(folder, `${hexOf(diffId)}.tar`);
  return { diffId, tar: { kind: "range", file, offset: 0, size: (await stat(file)).size } };
}

/** Writes the base image's archive, for `docker load`. */
export async function writeBaseImage(input: BaseImageInput, file: string): Promise<Image> {
  const image = await baseImage(input);
  await writeArchive([image], file, { epoch: input.epoch, level: LEVEL, cache: input.cache });
  return image;
}
