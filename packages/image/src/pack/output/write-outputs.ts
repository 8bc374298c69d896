import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type ImageManifest, imageManifestSchema, type OutputFile } from "@holdfast/contracts";
import { reportDiskFull } from "../../cache/disk-full.ts";
import type { Disk } from "../disk/make-disk.ts";
import type { ImageTools } from "../image-tools.ts";
import { cyclonedx } from "../sbom/cyclonedx.ts";
import type { SbomInput } from "../sbom/sbom-input.ts";
import { spdx } from "../sbom/spdx.ts";
import { formatBmap, hashRanges } from "./bmap.ts";
import { mappedRanges } from "./mapped-ranges.ts";

export type OutputsOptions = {
  readonly disk: Disk;
  /** Without extension: `holdfast-generic-amd64-development-0.1.0`. */
  readonly name: string;
  /** Where the files go; made when it is missing. */
  readonly directory: string;
  /** Everything of the manifest that is known before the files are. */
  readonly manifest: Omit<ImageManifest, "format" | "files" | "image" | "partitions">;
  /** What the bills of materials list. */
  readonly sbom: Pick<SbomInput, "packages" | "parts">;
  /** Lock files that the image was made of, copied under the image's name: extension (`lock.json`) -> file. */
  readonly locks: Readonly<Record<string, string>>;
  /** 1 to 19; 3 is meant for development, higher for downloads. */
  readonly level?: number;
  readonly tools: ImageTools;
  readonly signal?: AbortSignal;
};

export type Outputs = { readonly manifest: ImageManifest; readonly paths: readonly string[] };

/**
 * Writes what a build hands out: `.img.zst`, `.bmap`, `.cdx.json`, `.spdx.json`, the locks and `.manifest.json`. All are
 * complete before the first gets its name, the manifest gets its last; a failure or an abort leaves none of them.
 * @throws `image.disk-full`
 */
export function writeOutputs(options: OutputsOptions): Promise<Outputs> {
  return reportDiskFull(options.directory, () => writeAll(options));
}

async function writeAll(options: OutputsOptions): Promise<Outputs> {
  const { directory, name } = options;
  await mkdir(directory, { recursive: true });
  const partial = await mkdtemp(join(directory, `.${name}.partial-`));
  try {
    const contents = await writeContents(partial, options);
    const files = await Promise.all(contents.map((file) => describe(partial, file)));
    const manifest = imageManifestSchema.parse({
      ...options.manifest,
      format: 1,
      image: { size: options.disk.size },
      partitions: options.disk.partitions,
      files,
    });
    const manifestName = `${name}.manifest.json`;
    await writeFile(join(partial, manifestName), `${JSON.stringify(manifest, null, 2)}\n`);
    const names = [...contents, manifestName];
    options.signal?.throwIfAborted();
    for (const file of names) await rename(join(partial, file), join(directory, file));
    return { manifest, paths: names.map((file) => join(directory, file)) };
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Returns the names of the files it made, sorted. */
async function writeContents(folder: string, options: OutputsOptions): Promise<string[]> {
  const { disk, name, manifest, locks } = options;
  const sbom: SbomInput = {
    ...options.sbom,
    name: `holdfast-${manifest.board}`,
    version: manifest.version,
    epoch: manifest.epoch,
  };
  const texts: [string, () => Promise<string>][] = [
    ["bmap", () => bmapOf(disk, manifest.slot.size, options.tools)],
    ["cdx.json", async () => cyclonedx(sbom)],
    ["spdx.json", async () => spdx(sbom)],
    ...Object.entries(locks).map(([extension, file]): [string, () => Promise<string>] => [
      extension,
      () => readFile(file, "utf8"),
    ]),
  ];
  await allDone([
    compressImage(disk.file, join(folder, `${name}.img.zst`), options),
    ...texts.map(async ([extension, make]) => writeFile(join(folder, `${name}.${extension}`), await make())),
  ]);
  return ["img.zst", ...texts.map(([extension]) => extension)].map((extension) => `${name}.${extension}`).sort();
}

/** Waits for all, also after one failed: what still writes would spoil the clean-up. */
async function allDone(work: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === "rejected") throw result.reason;
}

/** With one worker or more, zstd's output does not depend on how many; only its single-threaded mode differs. */
async function compressImage(image: string, output: string, options: OutputsOptions): Promise<void> {
  const { level = 3, tools, signal } = options;
  await tools.run(["zstd", "-q", "-T0", `-${level}`, image, "-o", output], { ...(signal && { signal }) });
}

async function bmapOf(disk: Disk, slotSize: number, tools: ImageTools): Promise<string> {
  const { file: image, size: imageSize, partitions } = disk;
  const ranges = await mappedRanges({ image, imageSize, partitions, slotSize, tools });
  return formatBmap(imageSize, await hashRanges(image, imageSize, ranges));
}

async function describe(folder: string, name: string): Promise<OutputFile> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(join(folder, name), { highWaterMark: 1024 * 1024 }), hash);
  return { name, size: (await stat(join(folder, name))).size, sha256: hash.digest("hex") };
}
