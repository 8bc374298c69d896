import type { Machine } from "../machine/machine.ts";
import { EFIVARS } from "./efi-variable.ts";

/** The vendor id of the variables that the UEFI specification itself defines. */
const GLOBAL_VENDOR = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
const MAXIMUM_BYTES = 4096;
/** Types of device path nodes and their kinds (UEFI 2.10, chapter 10). */
const HARDWARE = 1;
const PCI = 1;
const MESSAGING = 3;
const SCSI = 2;
const SATA = 18;
const END = 0x7f;

const u16 = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

/** The way by which the firmware reached a disk. */
export type FirmwarePath = {
  /** The PCI devices, `device.function` each as sysfs writes them. Bus numbers are the kernel's to choose. */
  readonly pciPath: readonly string[];
  /** Which disk of the last one, where several can hang: `ata:<port>` or `scsi:<target>:<lun>`, counted from nought. */
  readonly unit: string | undefined;
};

/**
 * Reads a boot option's device path; undefined when no PCI device is in it: the firmware names a partition only, or no PCI
 * bus leads to the disk. Pure.
 */
export function firmwarePathOf(option: Uint8Array): FirmwarePath | undefined {
  // Attributes, length of the paths, description in UTF-16 up to a NUL.
  let at = 6;
  while (at + 1 < option.length && u16(option, at) !== 0) at += 2;
  at += 2;
  const pciPath: string[] = [];
  let unit: string | undefined;
  while (at + 4 <= option.length && option[at] !== END) {
    const [type, kind] = [option[at], option[at + 1]];
    if (type === HARDWARE && kind === PCI) pciPath.push(`${hex(option[at + 5] ?? 0, 2)}.${option[at + 4]}`);
    if (type === MESSAGING && kind === SATA) unit = `ata:${u16(option, at + 4)}`;
    if (type === MESSAGING && kind === SCSI) unit = `scsi:${u16(option, at + 4)}:${u16(option, at + 6)}`;
    at += Math.max(4, u16(option, at + 2));
  }
  return pciPath.length === 0 ? undefined : { pciPath, unit };
}

/** The way by which the firmware reached the disk of this boot, see `firmwarePathOf`. */
export function readFirmwarePath(machine: Machine): FirmwarePath | undefined {
  // efivarfs puts four bytes of attributes before each value.
  const read = (name: string): Uint8Array | undefined =>
    machine.readBytes(`${EFIVARS}/${name}-${GLOBAL_VENDOR}`, 0, MAXIMUM_BYTES)?.slice(4);
  const current = read("BootCurrent");
  if (current === undefined || current.length < 2) return undefined;
  const option = read(`Boot${hex(u16(current, 0), 4).toUpperCase()}`);
  return option === undefined ? undefined : firmwarePathOf(option);
}
