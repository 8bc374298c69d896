import { crc32 } from "./crc32.ts";
import { guidFromBytes, guidToBytes } from "./guid.ts";

/** UEFI 2.10 section 5.3. Sectors are 512 bytes: the image is made so (boards with 4 kB sectors do not exist yet). */
export const SECTOR = 512;
const ENTRY_BYTES = 128;
const ENTRY_COUNT = 128;
/** Sectors of one copy of the entries. */
export const TABLE_SECTORS = (ENTRY_BYTES * ENTRY_COUNT) / SECTOR;
const HEADER_BYTES = 92;
const SIGNATURE = "EFI PART";
/** Partitions end on a multiple of this many sectors (1 MiB). */
const ALIGNMENT = 2048;

export type Gpt = {
  readonly diskGuid: string;
  readonly firstUsable: number;
  /** All 128 entries as stored. */
  readonly entries: Uint8Array;
};

/** Both copies as they have to lie on a disk, each with where it starts, in sectors. */
export type GptImage = {
  readonly primary: { readonly at: 1; readonly bytes: Uint8Array };
  readonly backup: { readonly at: number; readonly bytes: Uint8Array };
};

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const getSector = (bytes: Uint8Array, at: number): number =>
  view(bytes).getUint32(at, true) + view(bytes).getUint32(at + 4, true) * 2 ** 32;
function setSector(bytes: Uint8Array, at: number, value: number): void {
  view(bytes).setUint32(at, value % 2 ** 32, true);
  view(bytes).setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

/** Parses one copy: its header sector and its entries. Undefined when a checksum or a size is wrong. */
export function parseGpt(header: Uint8Array, entries: Uint8Array): Gpt | undefined {
  if (header.length < SECTOR || entries.length !== ENTRY_BYTES * ENTRY_COUNT) return undefined;
  if (String.fromCharCode(...header.slice(0, 8)) !== SIGNATURE) return undefined;
  const fields = view(header);
  if (fields.getUint32(12, true) !== HEADER_BYTES) return undefined;
  if (fields.getUint32(80, true) !== ENTRY_COUNT || fields.getUint32(84, true) !== ENTRY_BYTES) return undefined;
  const unsummed = header.slice(0, HEADER_BYTES);
  unsummed.fill(0, 16, 20);
  if (crc32(unsummed) !== fields.getUint32(16, true)) return undefined;
  if (crc32(entries) !== fields.getUint32(88, true)) return undefined;
  return { diskGuid: guidFromBytes(header.slice(56, 72)), firstUsable: getSector(header, 40), entries };
}

function header(gpt: Gpt, diskSectors: number, copy: "primary" | "backup"): Uint8Array {
  const bytes = new Uint8Array(SECTOR);
  const fields = view(bytes);
  const last = diskSectors - 1;
  bytes.set(Uint8Array.from(SIGNATURE, (letter) => letter.charCodeAt(0)));
  fields.setUint32(8, 0x00010000, true);
  fields.setUint32(12, HEADER_BYTES, true);
  setSector(bytes, 24, copy === "primary" ? 1 : last);
  setSector(bytes, 32, copy === "primary" ? last : 1);
  setSector(bytes, 40, gpt.firstUsable);
  setSector(bytes, 48, last - TABLE_SECTORS - 1);
  bytes.set(guidToBytes(gpt.diskGuid), 56);
  setSector(bytes, 72, copy === "primary" ? 2 : last - TABLE_SECTORS);
  fields.setUint32(80, ENTRY_COUNT, true);
  fields.setUint32(84, ENTRY_BYTES, true);
  fields.setUint32(88, crc32(gpt.entries), true);
  fields.setUint32(16, crc32(bytes.slice(0, HEADER_BYTES)), true);
  return bytes;
}

/** The bytes of both copies for a disk of that many sectors. */
export function encodeGpt(gpt: Gpt, diskSectors: number): GptImage {
  const primary = new Uint8Array(SECTOR + gpt.entries.length);
  primary.set(header(gpt, diskSectors, "primary"));
  primary.set(gpt.entries, SECTOR);
  const backup = new Uint8Array(gpt.entries.length + SECTOR);
  backup.set(gpt.entries);
  backup.set(header(gpt, diskSectors, "backup"), gpt.entries.length);
  return { primary: { at: 1, bytes: primary }, backup: { at: diskSectors - TABLE_SECTORS - 1, bytes: backup } };
}

/** First and last sector of a partition, by its number from 1. */
export function extentOf(gpt: Gpt, number: number): { readonly first: number; readonly last: number } {
  const at = (number - 1) * ENTRY_BYTES;
  return { first: getSector(gpt.entries, at + 32), last: getSector(gpt.entries, at + 40) };
}

/** The unique GUID of a partition, by its number from 1. */
export const partitionGuid = (gpt: Gpt, number: number): string =>
  guidFromBytes(gpt.entries.slice((number - 1) * ENTRY_BYTES + 16, (number - 1) * ENTRY_BYTES + 32));

/** Last sector that a partition may have on a disk of that size: aligned, and clear of the backup copy. */
export function lastSectorFor(diskSectors: number): number {
  const usable = diskSectors - TABLE_SECTORS - 2;
  return Math.floor((usable + 1) / ALIGNMENT) * ALIGNMENT - 1;
}

export type GptChange = {
  readonly diskGuid: string;
  /** Partition number -> its new unique GUID. */
  readonly partitionGuids: Readonly<Record<number, string>>;
  /** The partition that takes the rest of the disk; it is never made smaller. */
  readonly grow: number;
};

/** The table with new identities and the last partition grown. Pure; the same change applied again changes nothing. */
export function changeGpt(gpt: Gpt, change: GptChange, diskSectors: number): Gpt {
  const entries = gpt.entries.slice();
  for (const [number, guid] of Object.entries(change.partitionGuids))
    entries.set(guidToBytes(guid), (Number(number) - 1) * ENTRY_BYTES + 16);
  const at = (change.grow - 1) * ENTRY_BYTES + 40;
  setSector(entries, at, Math.max(getSector(entries, at), lastSectorFor(diskSectors)));
  return { ...gpt, diskGuid: change.diskGuid, entries };
}
