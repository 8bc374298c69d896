import { closeSync, openSync, readSync } from "node:fs";
import { Readable } from "node:stream";
import type { Content } from "../../tree/entry.ts";

/** Small enough to stay in the CPU's cache hierarchy's favour, large enough that a pipe write costs nothing. */
const BLOCK = 1024 * 1024;
/** A sorted tree hops between all debs' data archives; above this many the oldest is closed. */
const OPEN_FILES = 256;

/**
 * The bytes of `parts`, one after the other, in blocks of 1 MiB (the last one shorter), each for the taker to keep. Reads
 * synchronously: a tree has
 * tens of thousands of small ranges in the page cache, for which a thread pool's round trip costs ten times the read.
 * @throws Error when a file is shorter than a range says.
 */
export function blocksOf(parts: Iterable<Content>): Generator<Uint8Array, void, undefined> {
  return readBlocks(parts, () => Buffer.allocUnsafe(BLOCK));
}

/**
 * As `blocksOf`, but each block holds its bytes only until the next one is asked for. Hundreds of blocks of their own
 * make the garbage collector take more time than reading and writing them.
 */
export function passingBlocksOf(parts: Iterable<Content>): Generator<Uint8Array, void, undefined> {
  const only = Buffer.allocUnsafe(BLOCK);
  return readBlocks(parts, () => only);
}

function* readBlocks(parts: Iterable<Content>, nextBlock: () => Buffer): Generator<Uint8Array, void, undefined> {
  const open = new Map<string, number>();
  let block = nextBlock();
  let filled = 0;
  try {
    for (const part of parts) {
      const size = part.kind === "bytes" ? part.bytes.length : part.size;
      for (let done = 0; done < size; ) {
        const wanted = Math.min(size - done, BLOCK - filled);
        if (part.kind === "bytes") block.set(part.bytes.subarray(done, done + wanted), filled);
        else
          readFully(
            descriptorOf(open, part.file),
            block.subarray(filled, filled + wanted),
            part.offset + done,
            part.file,
          );
        done += wanted;
        filled += wanted;
        if (filled < BLOCK) continue;
        yield block;
        block = nextBlock();
        filled = 0;
      }
    }
    if (filled > 0) yield block.subarray(0, filled);
  } finally {
    for (const descriptor of open.values()) closeSync(descriptor);
  }
}

/** `blocksOf` as a stream, for pipes and compressors. */
export function streamContents(parts: Iterable<Content>): Readable {
  return Readable.from(blocksOf(parts), { objectMode: false, highWaterMark: 2 * BLOCK });
}

/** Fills `target` from `position` of an open file. */
export function readFully(descriptor: number, target: Uint8Array, position: number, name: string): void {
  for (let filled = 0; filled < target.length; ) {
    const read = readSync(descriptor, target, filled, target.length - filled, position + filled);
    if (read === 0) throw new Error(`${name}: ended ${target.length - filled} bytes before a range's end`);
    filled += read;
  }
}

function descriptorOf(open: Map<string, number>, file: string): number {
  const known = open.get(file);
  if (known !== undefined) return known;
  if (open.size >= OPEN_FILES) {
    for (const [oldest, descriptor] of open) {
      closeSync(descriptor);
      open.delete(oldest);
      break;
    }
  }
  const descriptor = openSync(file, "r");
  open.set(file, descriptor);
  return descriptor;
}
