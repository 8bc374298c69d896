import { constants } from "node:fs";
import { type FileHandle, mkdtemp, open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, refuse } from "@holdfast/contracts";
import { GPT_HEAD_SECTORS, type GptPartition, parseGpt } from "../pack/disk/gpt.ts";
import { readHead } from "../pack/disk/read-head.ts";
import { type BootCopy, type BootFiles, readBootFile, writeBootFiles } from "./boot-copy.ts";
import { copyRegion, writeBackRegion } from "./changed-blocks.ts";
import { repackImage, unpackImage } from "./compressed-image.ts";
import type { ConfigureOptions } from "./configure-options.ts";

/** Reads a file of the boot partition; undefined when there is none. */
export type ReadBoot = (path: string) => Promise<Uint8Array | undefined>;

/**
 * Changes files on the boot partition of an `.img`, an `.img.zst` or a block device, without mounting anything. `change`
 * says what to write; when it throws, or anything else fails before all files are ready, nothing is changed. Returns
 * after the change is flushed; a compressed image is replaced as a whole, and the bmap and manifest beside it follow.
 * @throws `image.not-an-image`, `image.busy-disk`, `image.boot-too-large`, `image.disk-full`
 */
export async function configureImage(
  image: string,
  change: (read: ReadBoot) => Promise<BootFiles>,
  options: ConfigureOptions,
): Promise<void> {
  const folder = await mkdtemp(join(options.scratch, "configure-"));
  try {
    const isCompressed = image.endsWith(".zst");
    const raw = isCompressed ? await unpackImage(image, folder, options) : image;
    const disk = await openDisk(raw, image);
    try {
      const partition = await bootPartition(raw, image);
      const boot: BootCopy = { file: join(folder, "boot"), tools: options.tools, scratch: folder };
      await copyRegion(disk, partition, boot.file);
      const files = await change((path) => readBootFile(boot, path));
      await writeBootFiles(boot, files);
      options.signal?.throwIfAborted();
      await writeBackRegion(disk, partition, boot.file);
    } finally {
      await disk.close();
    }
    if (isCompressed) await repackImage(image, raw, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A block device is opened exclusively: the kernel refuses one that is mounted. */
async function openDisk(file: string, image: string): Promise<FileHandle> {
  const facts = await stat(file).catch((cause: unknown) => notAnImage(image, messageOf(cause)));
  const exclusive = facts.isBlockDevice() ? constants.O_EXCL : 0;
  return await open(file, constants.O_RDWR | exclusive).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "EBUSY")
      refuse("image.busy-disk", {
        message: `${image} is in use: one of its partitions is mounted.`,
        hint: `Unmount it first: umount ${image}?*`,
        cause,
      });
    if (cause.code === "EACCES" || cause.code === "EPERM" || cause.code === "EROFS")
      refuse("image.busy-disk", {
        message: `${image} cannot be written: ${cause.message}.`,
        hint: facts.isBlockDevice() ? "Disks belong to root: run it with sudo." : "Check the file's owner and mode.",
        cause,
      });
    throw cause;
  });
}

async function bootPartition(raw: string, image: string): Promise<GptPartition> {
  const gpt = parseGpt(await readHead(raw, GPT_HEAD_SECTORS * 512));
  if (gpt === undefined) notAnImage(image, "it has no GUID partition table");
  const boot = gpt.partitions.find(({ label }) => label === "resin-boot");
  return boot ?? notAnImage(image, "it has no partition resin-boot");
}

function notAnImage(image: string, because: string): never {
  return refuse("image.not-an-image", {
    message: `${image} is no Holdfast image: ${because}.`,
    hint: "Name an .img or .img.zst file that `holdfast build` made, or the disk that one was written to.",
  });
}
