import { type Content, type Entry, type ReadonlyTree, sizeOf } from "../../tree/entry.ts";
import { orderedEntries } from "./ordered-entries.ts";
import type { ArchiveOptions } from "./tar-parts.ts";

const FORMAT_BITS = {
  file: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  character: 0o020000,
  block: 0o060000,
  fifo: 0o010000,
} as const;
const encoder = new TextEncoder();

/**
 * The tree as a "newc" cpio, the format of an initrd (kernel: Documentation/driver-api/early-userspace/buffer-format),
 * as a sequence of byte ranges. Inode numbers count up in path order, so that no build machine's show through. Hard links
 * share one; the first name carries the data, which is what the kernel's unpacker wants. Extended attributes do not
 * exist in this format and are dropped.
 */
export function* cpioParts(tree: ReadonlyTree, { epoch }: ArchiveOptions): Generator<Content, void, undefined> {
  const entries = orderedEntries(tree);
  const linkCounts = new Map<string, number>();
  for (const { path, linkTo } of entries) linkCounts.set(linkTo ?? path, (linkCounts.get(linkTo ?? path) ?? 0) + 1);
  const inodes = new Map<string, number>();
  for (const { path, entry, linkTo } of entries) {
    const inode = inodes.get(linkTo ?? path) ?? inodes.size + 1;
    if (linkTo === undefined) inodes.set(path, inode);
    const data = linkTo === undefined ? dataOf(entry) : undefined;
    const size = data === undefined ? 0 : sizeOf(data);
    const links = entry.type === "directory" ? 2 : (linkCounts.get(linkTo ?? path) ?? 1);
    yield { kind: "bytes", bytes: header(path === "" ? "." : path, entry, { inode, links, size, epoch }) };
    if (data === undefined || size === 0) continue;
    yield data;
    if (size % 4 !== 0) yield { kind: "bytes", bytes: new Uint8Array(4 - (size % 4)) };
  }
  const end: Entry = { type: "file", mode: 0, uid: 0, gid: 0, content: { kind: "bytes", bytes: new Uint8Array() } };
  yield { kind: "bytes", bytes: header("TRAILER!!!", end, { inode: 0, links: 1, size: 0, epoch: 0, bits: 0 }) };
}

function dataOf(entry: Entry): Content | undefined {
  if (entry.type === "file") return entry.content;
  return entry.type === "symlink" ? { kind: "bytes", bytes: encoder.encode(entry.target) } : undefined;
}

type HeaderNumbers = {
  readonly inode: number;
  readonly links: number;
  readonly size: number;
  readonly epoch: number;
  readonly bits?: number;
};

function header(name: string, entry: Entry, numbers: HeaderNumbers): Uint8Array {
  const nameBytes = encoder.encode(`${name}\u0000`);
  const [major, minor] = entry.type === "character" || entry.type === "block" ? [entry.major, entry.minor] : [0, 0];
  const fields = [
    numbers.inode,
    (numbers.bits ?? FORMAT_BITS[entry.type]) | entry.mode,
    entry.uid,
    entry.gid,
    numbers.links,
    numbers.epoch,
    numbers.size,
    0,
    0,
    major,
    minor,
    nameBytes.length,
    0,
  ];
  const text = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  const unpadded = text.length + nameBytes.length;
  const bytes = new Uint8Array(unpadded + ((4 - (unpadded % 4)) % 4));
  bytes.set(encoder.encode(text));
  bytes.set(nameBytes, text.length);
  return bytes;
}
