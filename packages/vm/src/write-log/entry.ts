/**
 * The format of the kernel's dm-log-writes and of QEMU's blklogwrites driver: a superblock in the first sector, then
 * entries one after the other, each a sector with its description and, for a write, the data
 * (https://docs.kernel.org/admin-guide/device-mapper/log-writes.html). Numbers are little-endian, 64 bits.
 */
const MAGIC = 0x6a736677736872n;
const VERSION = 1n;
export const ENTRY_BYTES = 32;

const FLUSH = 1n;
const FUA = 2n;
const DISCARD = 4n;
const MARK = 8n;
const KNOWN_FLAGS = 0x1fn;

/** One thing that happened to the disk. */
export type WriteLogEntry = {
  /** Position in the log, from 0. */
  readonly index: number;
  /** Everything that was complete before this is on the medium. */
  readonly flush: boolean;
  /** This write itself is on the medium when it completes. */
  readonly fua: boolean;
  readonly discard: boolean;
  /** A name that was put into the log, e.g. by `dmsetup message`. */
  readonly mark: string | undefined;
  /** Place and length on the disk in bytes; length 0 for a flush alone and for a mark. */
  readonly offset: number;
  readonly length: number;
  /** Where the written bytes are in the log file; undefined when nothing was written. */
  readonly dataAt: number | undefined;
};

export type Superblock = { readonly sectorSize: number; readonly entries: number };

/** Parses the superblock; undefined when this is no log of writes. */
export function parseSuperblock(block: Buffer): Superblock | undefined {
  if (block.length < 28 || block.readBigUInt64LE(0) !== MAGIC || block.readBigUInt64LE(8) !== VERSION) return undefined;
  const sectorSize = block.readUInt32LE(24);
  const plausible = sectorSize >= 512 && sectorSize <= 65_536 && (sectorSize & (sectorSize - 1)) === 0;
  return plausible ? { sectorSize, entries: Number(block.readBigUInt64LE(16)) } : undefined;
}

/** A superblock, one sector long. */
export function encodeSuperblock({ sectorSize, entries }: Superblock): Buffer {
  const block = Buffer.alloc(sectorSize);
  block.writeBigUInt64LE(MAGIC, 0);
  block.writeBigUInt64LE(VERSION, 8);
  block.writeBigUInt64LE(BigInt(entries), 16);
  block.writeUInt32LE(sectorSize, 24);
  return block;
}

export type EntryPlace = { readonly index: number; readonly at: number; readonly sectorSize: number };

/** Parses one entry from its sector; undefined when nothing (or nonsense) was written there. */
export function parseEntry(sector: Buffer, { index, at, sectorSize }: EntryPlace): WriteLogEntry | undefined {
  const flags = sector.readBigUInt64LE(16);
  const length = Number(sector.readBigUInt64LE(8)) * sectorSize;
  const offset = Number(sector.readBigUInt64LE(0)) * sectorSize;
  const dataLength = Number(sector.readBigUInt64LE(24));
  if ((flags & ~KNOWN_FLAGS) !== 0n || !Number.isSafeInteger(offset + length)) return undefined;
  // Every real entry has a length or a flag: zeros are the unwritten end of the file.
  if (length === 0 && flags === 0n) return undefined;
  const isMark = (flags & MARK) !== 0n;
  if (isMark && dataLength > sectorSize - ENTRY_BYTES) return undefined;
  const discard = (flags & DISCARD) !== 0n;
  const hasData = length > 0 && !discard && !isMark;
  return {
    ...{ index, discard, flush: (flags & FLUSH) !== 0n, fua: (flags & FUA) !== 0n },
    ...{ offset: isMark ? 0 : offset, length: isMark ? 0 : length },
    mark: isMark ? sector.toString("utf8", ENTRY_BYTES, ENTRY_BYTES + dataLength) : undefined,
    dataAt: hasData ? at + sectorSize : undefined,
  };
}
