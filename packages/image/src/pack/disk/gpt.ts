/** One used entry of a GUID partition table. Positions and sizes in bytes. */
export type GptPartition = {
  /** Counts from 1. */
  readonly number: number;
  readonly label: string;
  /** Lower-case, as systemd and sfdisk print it. */
  readonly typeUuid: string;
  readonly uuid: string;
  readonly offset: number;
  readonly size: number;
};

export type Gpt = {
  readonly diskUuid: string;
  readonly sectorSize: number;
  /** Size of the disk that the table was written for, from the backup header's place. */
  readonly diskSize: number;
  readonly partitions: readonly GptPartition[];
};

/** Protective MBR, header and 128 entries: what lies before the first usable sector. */
export const GPT_HEAD_SECTORS = 34;
const SIGNATURE = "EFI PART";
const SECTOR = 512;

/**
 * Parses a disk's primary partition table (UEFI specification, section 5.3) from its first 34 sectors of 512 bytes.
 * Undefined when there is none, or when a checksum is wrong.
 */
export function parseGpt(head: Uint8Array): Gpt | undefined {
  if (head.length < GPT_HEAD_SECTORS * SECTOR) return undefined;
  const header = head.subarray(SECTOR, 2 * SECTOR);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (new TextDecoder("latin1").decode(header.subarray(0, 8)) !== SIGNATURE) return undefined;
  const headerSize = view.getUint32(12, true);
  if (headerSize < 92 || headerSize > SECTOR) return undefined;
  const unsummed = Uint8Array.from(header.subarray(0, headerSize));
  unsummed.fill(0, 16, 20);
  if (crc32(unsummed) !== view.getUint32(16, true)) return undefined;
  const tableAt = Number(view.getBigUint64(72, true)) * SECTOR;
  const [count, entrySize] = [view.getUint32(80, true), view.getUint32(84, true)];
  const table = head.subarray(tableAt, tableAt + count * entrySize);
  if (table.length !== count * entrySize || crc32(table) !== view.getUint32(88, true)) return undefined;
  return {
    diskUuid: guidAt(header, 56),
    sectorSize: SECTOR,
    diskSize: (Number(view.getBigUint64(32, true)) + 1) * SECTOR,
    partitions: Array.from({ length: count }, (_, index) =>
      parseEntry(table.subarray(index * entrySize, (index + 1) * entrySize), index + 1),
    ).filter((partition) => partition !== undefined),
  };
}

function parseEntry(entry: Uint8Array, number: number): GptPartition | undefined {
  if (entry.subarray(0, 16).every((byte) => byte === 0)) return undefined;
  const view = new DataView(entry.buffer, entry.byteOffset, entry.byteLength);
  const [first, last] = [Number(view.getBigUint64(32, true)), Number(view.getBigUint64(40, true))];
  const name = new TextDecoder("utf-16le").decode(entry.subarray(56, 128));
  return {
    number,
    label: name.split("\u0000", 1)[0] ?? "",
    typeUuid: guidAt(entry, 0),
    uuid: guidAt(entry, 16),
    offset: first * SECTOR,
    size: (last - first + 1) * SECTOR,
  };
}

/** A GUID's first three fields are little-endian, the rest is as written. */
function guidAt(bytes: Uint8Array, at: number): string {
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  const hex = order.map((index) => (bytes[at + index] ?? 0).toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (CRC_TABLE[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
