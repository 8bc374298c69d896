import type { Architecture } from "@holdfast/contracts";
import { type Digest, digestOfBytes } from "./digest.ts";
import type { ImageLayer } from "./image-layer.ts";

/** How a container of the image is run, in the format's own words (image-spec config.md, Docker's additions). */
export type RunConfig = {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, Record<string, never>>>;
  readonly Env?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Volumes?: Readonly<Record<string, Record<string, never>>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
};

/** An image ready to be put into an archive: its id is the digest of `config`, whose bytes are never re-encoded. */
export type Image = {
  readonly tags: readonly string[];
  readonly id: Digest;
  readonly config: Uint8Array;
  readonly layers: readonly ImageLayer[];
};

export type ImageDescription = {
  readonly architecture: Architecture;
  /** Seconds since 1970; the creation time of everything in the image. */
  readonly epoch: number;
  readonly tags: readonly string[];
  readonly config: RunConfig;
  /** From the bottom up, each with what made it. */
  readonly layers: readonly { readonly layer: ImageLayer; readonly createdBy: string }[];
};

/** A time as image formats write it. */
export const timestamp = (epoch: number): string => new Date(epoch * 1000).toISOString().replace(".000Z", "Z");

/** Describes an image (image-spec: config.md). Same description, same id. */
export function makeImage({ architecture, epoch, tags, config, layers }: ImageDescription): Image {
  const created = timestamp(epoch);
  return encodeImage(
    tags,
    layers.map(({ layer }) => layer),
    {
      architecture,
      config,
      created,
      history: layers.map(({ createdBy }) => ({ created, created_by: createdBy })),
      os: "linux",
      rootfs: { type: "layers", diff_ids: layers.map(({ layer }) => layer.diffId) },
    },
  );
}

/** An image from a whole config document. */
export function encodeImage(tags: readonly string[], layers: readonly ImageLayer[], document: object): Image {
  const config = new TextEncoder().encode(JSON.stringify(document));
  return { tags, id: digestOfBytes(config), config, layers };
}
