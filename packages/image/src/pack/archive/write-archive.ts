import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadonlyTree } from "../../tree/entry.ts";
import { cpioParts } from "./cpio-parts.ts";
import { streamContents } from "./stream-contents.ts";
import { type ArchiveOptions, tarParts } from "./tar-parts.ts";

/** Writes the tree as a sorted pax tar and ends `target`. Same tree and epoch, same bytes. */
export async function writeTar(tree: ReadonlyTree, target: Writable, options: ArchiveOptions): Promise<void> {
  await pipeline(streamContents(tarParts(tree, options)), target);
}

/** Writes the tree as a newc cpio and ends `target`. Same tree and epoch, same bytes. */
export async function writeCpio(tree: ReadonlyTree, target: Writable, options: ArchiveOptions): Promise<void> {
  await pipeline(streamContents(cpioParts(tree, options)), target);
}
