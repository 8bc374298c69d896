import { encodeImage, type Image, timestamp } from "../../oci/image-config.ts";
import { type ImageLayer, writeLayerParts } from "../../oci/image-layer.ts";
import type { StoredConfig, StoredImage } from "../../oci/read-archive.ts";
import { readContent } from "../../tree/read-content.ts";
import { clampedLayerParts } from "./clamp-layer.ts";
import { layerMembers } from "./layer-members.ts";
import { clampShadow } from "./volatile-paths.ts";

export type NormaliseOptions = {
  readonly epoch: number;
  /** Layers that are kept as they are, by their digest: the base image's. */
  readonly known: ReadonlyMap<string, ImageLayer>;
  /** Where rewritten layers go. */
  readonly folder: string;
};

/** Accounts made while building carry the day in these files. */
const SHADOW_FILES = new Set(["etc/shadow", "etc/shadow-"]);

/**
 * The image as it would be had it been built at `epoch`: the same Dockerfile, base and packages give the same id,
 * whenever and wherever they were built. It has no names.
 */
export async function normaliseImage(image: StoredImage, { epoch, known, folder }: NormaliseOptions): Promise<Image> {
  const layers: ImageLayer[] = [];
  for (const { diffId, tar } of image.layers) {
    const kept = known.get(diffId);
    if (kept !== undefined) {
      layers.push(kept);
      continue;
    }
    const replacements = new Map<string, Uint8Array>();
    for (const { path, size, content } of layerMembers(tar)) {
      if (size === 0 || !SHADOW_FILES.has(path)) continue;
      const text = new TextDecoder().decode(await readContent(content));
      replacements.set(path, new TextEncoder().encode(clampShadow(text, epoch)));
    }
    layers.push(await writeLayerParts(clampedLayerParts(tar, { epoch, replacements }), folder));
  }
  return encodeImage([], layers, normaliseConfig(image.config, layers, epoch));
}

/** Fields of `config` that name the containers and images of one particular build. */
const BUILD_FIELDS = new Set(["Hostname", "Domainname", "Image", "AttachStdin", "AttachStdout", "AttachStderr"]);

/** The config with nothing of the machine that built it, in canonical order. Pure. */
function normaliseConfig(config: StoredConfig, layers: readonly ImageLayer[], epoch: number): object {
  const created = timestamp(epoch);
  const run = Object.entries(config.config ?? {}).filter(([key, value]) => !BUILD_FIELDS.has(key) && isGiven(value));
  return {
    architecture: config.architecture,
    ...(typeof config["variant"] === "string" ? { variant: config["variant"] } : {}),
    config: Object.fromEntries(run.sort(([a], [b]) => (a < b ? -1 : 1))),
    created,
    history: config.history.map((entry) => ({
      created,
      ...(typeof entry["created_by"] === "string" ? { created_by: entry["created_by"] } : {}),
      ...(entry.empty_layer === true ? { empty_layer: true } : {}),
    })),
    os: "linux",
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
  };
}

const isGiven = (value: unknown): boolean => value !== null && value !== false && value !== "";
