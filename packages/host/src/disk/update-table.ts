import type { Machine } from "../machine/machine.ts";
import { encodeGpt, type Gpt, type GptImage, parseGpt, SECTOR, TABLE_SECTORS } from "./gpt.ts";

const TABLE_BYTES = TABLE_SECTORS * SECTOR;

const read = (machine: Machine, device: string, sector: number, length: number): Uint8Array =>
  machine.readBytes(device, sector * SECTOR, length) ?? new Uint8Array();

/** The table of a disk: the primary copy, or the one in the last sectors when an interrupted write damaged that. */
export function readTable(machine: Machine, device: string, diskSectors: number): Gpt | undefined {
  return (
    parseGpt(read(machine, device, 1, SECTOR), read(machine, device, 2, TABLE_BYTES)) ??
    parseGpt(
      read(machine, device, diskSectors - 1, SECTOR),
      read(machine, device, diskSectors - 1 - TABLE_SECTORS, TABLE_BYTES),
    )
  );
}

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);

function flush(machine: Machine, device: string): void {
  if (machine.run(["sync", device]).status !== 0) throw new Error(`${device}: cannot be flushed`);
}

/** The protective MBR's one entry spans the disk, or as much as it can say. One sector: written whole or not at all. */
function updateProtectiveMbr(machine: Machine, device: string, diskSectors: number): void {
  const mbr = read(machine, device, 0, SECTOR);
  if (mbr.length !== SECTOR || mbr[450] !== 0xee) return;
  const wanted = mbr.slice();
  new DataView(wanted.buffer).setUint32(458, Math.min(diskSectors - 1, 0xffffffff), true);
  if (!same(mbr, wanted)) machine.writeBytes(device, 0, wanted);
}

/**
 * Makes both copies on the disk say `gpt`: backup at the disk's end, flush, primary, flush. At any cut one copy is
 * complete, and the kernel (`gpt` on its command line) and firmware look at the disk's end when the first is damaged.
 * Then the kernel learns the grown partition's new length.
 * @returns false when nothing had to be written.
 */
export function writeTable(machine: Machine, device: string, gpt: Gpt, diskSectors: number): boolean {
  const image: GptImage = encodeGpt(gpt, diskSectors);
  const stale = [image.backup, image.primary].filter(
    ({ at, bytes }) => !same(read(machine, device, at, bytes.length), bytes),
  );
  for (const { at, bytes } of stale) {
    machine.writeBytes(device, at * SECTOR, bytes);
    flush(machine, device);
  }
  if (stale.length > 0) updateProtectiveMbr(machine, device, diskSectors);
  return stale.length > 0;
}

/** Tells the running kernel how long a partition is now; one that is in use may grow. */
export function resizeInKernel(machine: Machine, device: string, number: number): void {
  const { status } = machine.run(["partx", "--update", "--nr", String(number), device]);
  if (status !== 0)
    machine.log(`${device}: the kernel keeps the old length of partition ${number} until the next boot`);
}
