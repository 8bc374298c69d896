import { z } from "zod";

const hex = z.string().regex(/^[0-9a-f]+$/, "lower-case hex");
const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 digest in lower-case hex");
const size = z.int().nonnegative();

const outputFileSchema = z.strictObject({ name: z.string(), size, sha256: sha256Hex });

/** What `manifest.json` beside an image says: enough to check, flash and update it without opening it. Sizes in bytes. */
export const imageManifestSchema = z.strictObject({
  format: z.literal(1),
  board: z.string(),
  arch: z.enum(["amd64", "arm64"]),
  deviceType: z.string(),
  variant: z.string(),
  version: z.string(),
  /** Timestamp of everything in the image, seconds since 1970. */
  epoch: z.int().nonnegative(),
  kernel: z.strictObject({ version: z.string(), cmdline: z.string() }),
  slot: z.strictObject({
    rootHash: sha256Hex,
    hashOffset: size,
    size,
    salt: hex,
    verityUuid: z.string(),
    compression: z.string(),
    sha256: sha256Hex.optional(),
  }),
  initrd: z.strictObject({ size, unpackedSize: size }),
  uki: z.strictObject({ size, path: z.string(), sha256: sha256Hex.optional() }),
  /** Of the uncompressed disk image. */
  image: z.strictObject({ size }),
  partitions: z.array(
    z.strictObject({
      number: z.int().positive(),
      label: z.string(),
      typeUuid: z.string(),
      uuid: z.string(),
      offset: size,
      size,
    }),
  ),
  /** The files that belong to the image, this one excepted. */
  files: z.array(outputFileSchema),
});

export type ImageManifest = z.output<typeof imageManifestSchema>;
export type OutputFile = z.output<typeof outputFileSchema>;
