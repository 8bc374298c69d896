import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readFile, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type ImageManifest, imageManifestSchema, messageOf, refuse } from "@holdfast/contracts";
import { reportDiskFull } from "../cache/disk-full.ts";
import { commitFile, temporaryBeside, writeDurably } from "../cache/write-durably.ts";
import { formatBmap, hashRanges } from "../pack/output/bmap.ts";
import { mappedRanges } from "../pack/output/mapped-ranges.ts";
import type { ConfigureOptions } from "./configure-options.ts";

/** Somebody who configures an image is about to write it to a card: quick rather than small. */
const LEVEL = 3;

/** @returns the raw image, in `folder` */
export async function unpackImage(image: string, folder: string, options: ConfigureOptions): Promise<string> {
  const raw = join(folder, "disk.img");
  await reportDiskFull(folder, async () => {
    try {
      await options.tools.run(["zstd", "-q", "-d", "--sparse", image, "-o", raw], withSignal(options));
    } catch (failure) {
      if (options.signal?.aborted === true || /No space left/.test(messageOf(failure))) throw failure;
      refuse("image.not-an-image", {
        message: `${image} is no Holdfast image: zstd cannot unpack it (${messageOf(failure)}).`,
        hint: "Name an .img or .img.zst file that `holdfast build` made.",
      });
    }
  });
  return raw;
}

/** Replaces a compressed image by another content, and what is said about it in the bmap and manifest beside it. */
export async function repackImage(image: string, raw: string, options: ConfigureOptions): Promise<void> {
  await reportDiskFull(dirname(image), async () => {
    const packed = temporaryBeside(image);
    try {
      await options.tools.run(["zstd", "-q", "-T0", `-${LEVEL}`, "-f", raw, "-o", packed], withSignal(options));
      const manifest = await manifestOf(image);
      const bmap = manifest === undefined ? undefined : await newBmap(raw, manifest, options);
      const described = manifest === undefined ? undefined : await describe(image, packed, bmap ?? "", manifest);
      await using handle = await open(packed, "r+");
      await handle.sync();
      await commitFile(packed, image);
      if (bmap !== undefined) await writeDurably(sibling(image, "bmap"), bmap);
      if (described !== undefined)
        await writeDurably(sibling(image, "manifest.json"), `${JSON.stringify(described, null, 2)}\n`);
    } finally {
      await rm(packed, { force: true });
    }
  });
}

const withSignal = ({ signal }: ConfigureOptions) => (signal === undefined ? {} : { signal });
const sibling = (image: string, extension: string): string => image.replace(/\.img\.zst$/, `.${extension}`);

/** An image that was moved away from its documents has none. */
async function manifestOf(image: string): Promise<ImageManifest | undefined> {
  const text = await readFile(sibling(image, "manifest.json"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const parsed = imageManifestSchema.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : undefined;
}

async function newBmap(raw: string, manifest: ImageManifest, { tools }: ConfigureOptions): Promise<string> {
  const { partitions, slot } = manifest;
  const imageSize = manifest.image.size;
  const ranges = await mappedRanges({ image: raw, imageSize, partitions, slotSize: slot.size, tools });
  return formatBmap(imageSize, await hashRanges(raw, imageSize, ranges));
}

async function describe(image: string, packed: string, bmap: string, manifest: ImageManifest): Promise<ImageManifest> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(packed, { highWaterMark: 1024 * 1024 }), hash);
  const facts = new Map([
    [basename(image), { size: (await stat(packed)).size, sha256: hash.digest("hex") }],
    [
      basename(sibling(image, "bmap")),
      { size: Buffer.byteLength(bmap), sha256: createHash("sha256").update(bmap).digest("hex") },
    ],
  ]);
  return { ...manifest, files: manifest.files.map((file) => ({ ...file, ...facts.get(file.name) })) };
}
