import type { Machine } from "../machine/machine.ts";

const SUPERBLOCK_AT = 1024;
const SUPERBLOCK_BYTES = 1024;
const EXT4_MAGIC = 0xef53;
const INCOMPAT_CSUM_SEED = 0x2000;

export type Ext4Superblock = {
  readonly uuid: string;
  /** Checksums do not depend on the UUID: changing it is one write of the superblock. */
  readonly hasChecksumSeed: boolean;
  readonly bytes: number;
  readonly blockBytes: number;
  /** Blocks that only those may take whom the mount options name. */
  readonly reservedBlocks: number;
};

/** Fields of an ext4 superblock (kernel documentation, filesystems/ext4/super.rst); undefined for anything else. */
function parseExt4(block: Uint8Array): Ext4Superblock | undefined {
  if (block.length < SUPERBLOCK_BYTES) return undefined;
  const fields = new DataView(block.buffer, block.byteOffset, block.byteLength);
  if (fields.getUint16(0x38, true) !== EXT4_MAGIC) return undefined;
  const wide = (low: number, high: number): number =>
    fields.getUint32(low, true) + fields.getUint32(high, true) * 2 ** 32;
  const blockBytes = 1024 * 2 ** fields.getUint32(0x18, true);
  const uuid = [...block.slice(0x68, 0x78)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return {
    uuid: `${uuid.slice(0, 8)}-${uuid.slice(8, 12)}-${uuid.slice(12, 16)}-${uuid.slice(16, 20)}-${uuid.slice(20)}`,
    hasChecksumSeed: (fields.getUint32(0x60, true) & INCOMPAT_CSUM_SEED) !== 0,
    bytes: wide(0x4, 0x150) * blockBytes,
    blockBytes,
    reservedBlocks: wide(0x8, 0x154),
  };
}

export const readExt4 = (machine: Machine, device: string): Ext4Superblock | undefined =>
  parseExt4(machine.readBytes(device, SUPERBLOCK_AT, SUPERBLOCK_BYTES) ?? new Uint8Array());

/** Gives an ext4 filesystem its UUID, mounted or not, when that is safe to interrupt. */
export function setExt4Uuid(machine: Machine, device: string, uuid: string): void {
  const found = readExt4(machine, device);
  if (found === undefined || found.uuid === uuid) return;
  if (!found.hasChecksumSeed) {
    machine.log(`${device}: keeps its UUID, since without metadata_csum_seed a cut could damage it`);
    return;
  }
  machine.run(["tune2fs", "-U", uuid, device]);
}

/** FAT32: serial number at 67 of the boot sector and of its copy in sector 6; FAT16 has it at 39 and no copy. */
function fatSerialOffset(bootSector: Uint8Array): number | undefined {
  if (bootSector.length < 512 || bootSector[510] !== 0x55 || bootSector[511] !== 0xaa) return undefined;
  if (bootSector[66] === 0x29) return 67;
  return bootSector[38] === 0x29 ? 39 : undefined;
}

/** Gives a FAT filesystem that is not mounted its serial number: the first four bytes of a GUID. */
export function setFatSerial(machine: Machine, device: string, guid: string): void {
  const serial = Uint8Array.from([0, 1, 2, 3], (at) => Number.parseInt(guid.slice(at * 2, at * 2 + 2), 16));
  for (const sector of [0, 6]) {
    const boot = machine.readBytes(device, sector * 512, 512) ?? new Uint8Array();
    const at = fatSerialOffset(boot);
    if (at === undefined || (sector === 6 && at !== 67)) continue;
    if (serial.every((byte, index) => boot[at + index] === byte)) continue;
    const changed = boot.slice();
    changed.set(serial, at);
    machine.writeBytes(device, sector * 512, changed);
  }
}
