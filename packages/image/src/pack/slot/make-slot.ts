import { createHash } from "node:crypto";
import { rename, rm, stat, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { refuse } from "@holdfast/contracts";
import { noticeFullDisk } from "../../cache/disk-full.ts";
import type { ReadonlyTree } from "../../tree/entry.ts";
import { manifestDigest, uuidFrom } from "../archive/manifest-digest.ts";
import { passingBlocksOf } from "../archive/stream-contents.ts";
import { tarParts } from "../archive/tar-parts.ts";
import type { ImageTools } from "../image-tools.ts";
import { largestParts } from "./largest-parts.ts";
import { compressionArguments, type SlotCompression } from "./slot-compression.ts";

const BLOCK = 4096;
/** A slot's partition never grows: what is left is for the releases of the device's whole life. */
const SLOT_FILL_MAX = 0.75;

export type Slot = {
  readonly file: string;
  /** dm-verity's root hash, lower-case hex. */
  readonly rootHash: string;
  /** Where the verity superblock and hash tree begin: the filesystem's size. */
  readonly hashOffset: number;
  /** Of the whole file, hash tree included. */
  readonly size: number;
  /** Lower-case hex; a device that formats a slot itself needs it. */
  readonly salt: string;
  readonly verityUuid: string;
  readonly compression: SlotCompression;
};

export type SlotOptions = {
  readonly tree: ReadonlyTree;
  /** Timestamp of the filesystem and of every file in it. */
  readonly epoch: number;
  readonly compression: SlotCompression;
  readonly tools: ImageTools;
  readonly output: string;
  /** Size of the partition that the slot is for, in bytes. */
  readonly partitionSize: number;
  readonly signal?: AbortSignal;
};

/**
 * Makes a slot: the tree as erofs, its dm-verity hash tree appended. Every identifier in it comes from the tree, so
 * that the same tree and epoch give the same bytes. `output` appears only when it is complete.
 * @throws `image.slot-too-large` when it fills more than three quarters of its partition.
 */
export async function makeSlot(options: SlotOptions): Promise<Slot> {
  const partial = `${options.output}.partial`;
  try {
    await noticeFullDisk(dirname(partial), () => writeErofs(partial, options));
    const hashOffset = await padToBlock(partial);
    const seed = createHash("sha256").update("holdfast slot").update(manifestOf(options)).digest();
    const salt = seed.toString("hex");
    const verityUuid = uuidFrom(createHash("sha256").update("verity uuid").update(seed).digest());
    const rootHash = await appendHashTree(partial, { hashOffset, salt, verityUuid }, options);
    const { size } = await stat(partial);
    refuseTooLarge(size, options);
    await rename(partial, options.output);
    const { output: file, compression } = options;
    return { file, rootHash, hashOffset, size, salt, verityUuid, compression };
  } finally {
    await rm(partial, { force: true });
  }
}

async function writeErofs(file: string, options: SlotOptions): Promise<void> {
  const { tree, epoch, compression, tools, signal } = options;
  await rm(file, { force: true });
  const uuid = uuidFrom(manifestOf(options));
  await tools.run(
    // The tar is sorted already, so mkfs need not keep its data aside to sort it.
    [
      "mkfs.erofs",
      "--tar=f",
      "--sort=none",
      "--quiet",
      `-T${epoch}`,
      `-U${uuid}`,
      ...compressionArguments[compression],
      file,
    ],
    { inputBlocks: passingBlocksOf(tarParts(tree, { epoch })), ...(signal && { signal }) },
  );
}

/** The identifiers' seed. The root hash is what tells two releases apart; these need not, and hashing the slot costs a second. */
const manifestOf = ({ tree, epoch, compression }: SlotOptions): Buffer =>
  manifestDigest(tree, `erofs ${epoch} ${compression}`);

async function padToBlock(file: string): Promise<number> {
  const { size } = await stat(file);
  const padded = Math.ceil(size / BLOCK) * BLOCK;
  if (padded !== size) await truncate(file, padded);
  return padded;
}

type VerityParameters = Pick<Slot, "hashOffset" | "salt" | "verityUuid">;

async function appendHashTree(file: string, verity: VerityParameters, { tools, signal }: SlotOptions): Promise<string> {
  const { stdout } = await tools.run(
    [
      "veritysetup",
      "format",
      `--hash-offset=${verity.hashOffset}`,
      `--data-blocks=${verity.hashOffset / BLOCK}`,
      `--data-block-size=${BLOCK}`,
      `--hash-block-size=${BLOCK}`,
      "--hash=sha256",
      `--salt=${verity.salt}`,
      `--uuid=${verity.verityUuid}`,
      file,
      file,
    ],
    { ...(signal && { signal }) },
  );
  const rootHash = /^Root hash:\s+([0-9a-f]{64})$/m.exec(stdout)?.[1];
  if (rootHash === undefined) throw new Error(`veritysetup printed no root hash: ${stdout}`);
  return rootHash;
}

function refuseTooLarge(size: number, { tree, partitionSize }: SlotOptions): void {
  const limit = Math.floor(partitionSize * SLOT_FILL_MAX);
  if (size <= limit) return;
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const parts = largestParts(tree, 10).map((part) => `${part.path} ${mebibytes(part.size)}`);
  refuse("image.slot-too-large", {
    message: `The slot takes ${mebibytes(size)}, more than 75 % of its partition of ${mebibytes(partitionSize)} (${mebibytes(limit)}).`,
    hint: `Leave something out or compress the slot; the largest parts are ${parts.join(", ")}.`,
  });
}
