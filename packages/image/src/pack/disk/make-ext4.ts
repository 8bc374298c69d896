import type { ReadonlyTree } from "../../tree/entry.ts";
import { streamContents } from "../archive/stream-contents.ts";
import { tarParts } from "../archive/tar-parts.ts";
import type { ImageTools } from "../image-tools.ts";
import { journalSize } from "./data-size.ts";

const BLOCK = 4096;
const MEBIBYTE = 1024 * 1024;
/** 1 TiB: group descriptors are set aside so that the first boot's online growth needs no other layout up to there. */
const GROWS_TO_BLOCKS = 2 ** 28;
/** The one attribute that mke2fs takes over from a tar (1.47.2). */
const KEPT_XATTR = "security.capability";

export type Ext4Options = {
  /** What it holds; empty without. */
  readonly tree?: ReadonlyTree | undefined;
  readonly epoch: number;
  /** The disk image and where in it the partition lies, in bytes. */
  readonly image: string;
  readonly offset: number;
  readonly size: number;
  readonly label: string;
  readonly uuid: string;
  readonly hashSeed: string;
  readonly tools: ImageTools;
  readonly signal?: AbortSignal;
};

/**
 * Makes an ext4 inside a disk image with a tree's content, owners, modes and times, as any user. Inode tables are left to
 * the kernel to zero, so that the image stays sparse.
 */
export async function makeExt4(options: Ext4Options): Promise<void> {
  const { tree, epoch, offset, size, tools, signal } = options;
  if (tree !== undefined) requireKeptXattrs(tree);
  const extended = [
    `offset=${offset}`,
    `hash_seed=${options.hashSeed}`,
    `resize=${GROWS_TO_BLOCKS}`,
    "root_owner=0:0",
    "lazy_itable_init=1",
    "nodiscard",
  ];
  await tools.run(
    [
      "mke2fs",
      "-q",
      "-F",
      ...["-t", "ext4", "-b", String(BLOCK), "-I", "256", "-i", "16384", "-m", "1"],
      ...["-J", `size=${journalSize(size) / MEBIBYTE}`],
      ...["-L", options.label, "-U", options.uuid, "-E", extended.join(",")],
      ...(tree === undefined ? [] : ["-d", "-"]),
      options.image,
      `${size / 1024}k`,
    ],
    { ...(tree && { input: streamContents(tarParts(tree, { epoch })) }), ...(signal && { signal }) },
  );
}

/** Better no image than one that silently lost what an overlay or a label needs. */
function requireKeptXattrs(tree: ReadonlyTree): void {
  for (const [path, { xattrs = {} }] of tree) {
    const lost = Object.keys(xattrs).find((name) => name !== KEPT_XATTR);
    if (lost !== undefined) throw new Error(`${path}: mke2fs cannot write the attribute ${lost}`);
  }
}
