/** What an erofs superblock says (linux/fs/erofs/erofs_fs.h). */
export type ErofsSuperblock = {
  readonly blockSize: number;
  /** Bytes of the filesystem: where the verity superblock begins. */
  readonly size: number;
  readonly files: number;
  /** Seconds since 1970. */
  readonly builtAt: number;
  readonly uuid: string;
  readonly compression: readonly string[];
};

/** What a dm-verity superblock says (cryptsetup, docs of the on-disk format). */
export type VeritySuperblock = {
  readonly uuid: string;
  readonly algorithm: string;
  readonly dataSize: number;
  /** Lower-case hex. */
  readonly salt: string;
};

const EROFS_AT = 1024;
const EROFS_MAGIC = 0xe0f5e1e2;
const HAS_COMPRESSION_CONFIG = 0x2;
const ALGORITHMS = ["lz4", "lzma", "deflate", "zstd"];
/** How much of a slot `parseErofs` wants to see, and how much of its hash area `parseVerity`. */
export const SUPERBLOCK_BYTES = 4096;

/** Parses the first 4 KiB of a slot; undefined when it holds no erofs. Pure. */
export function parseErofs(head: Uint8Array): ErofsSuperblock | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength).subarray(EROFS_AT);
  if (bytes.length < 128 || bytes.readUInt32LE(0) !== EROFS_MAGIC) return undefined;
  const blockSize = 2 ** (bytes[12] ?? 0);
  const compressed = (bytes.readUInt32LE(80) & HAS_COMPRESSION_CONFIG) !== 0;
  const algorithms = compressed ? bytes.readUInt16LE(84) : 0;
  return {
    blockSize,
    size: bytes.readUInt32LE(36) * blockSize,
    files: Number(bytes.readBigUInt64LE(16)),
    builtAt: Number(bytes.readBigUInt64LE(24)),
    uuid: uuidText(bytes.subarray(48, 64)),
    compression: ALGORITHMS.filter((_, bit) => (algorithms & (1 << bit)) !== 0),
  };
}

/** Parses the 4 KiB at a slot's hash offset; undefined when there is no verity superblock. Pure. */
export function parseVerity(head: Uint8Array): VeritySuperblock | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (bytes.length < 512 || bytes.toString("latin1", 0, 8) !== "verity\u0000\u0000") return undefined;
  const saltSize = Math.min(bytes.readUInt16LE(80), 256);
  return {
    uuid: uuidText(bytes.subarray(16, 32)),
    algorithm: bytes.toString("latin1", 32, 64).split("\u0000", 1)[0] ?? "",
    dataSize: bytes.readUInt32LE(64) * Number(bytes.readBigUInt64LE(72)),
    salt: bytes.toString("hex", 88, 88 + saltSize),
  };
}

function uuidText(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
