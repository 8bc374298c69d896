import type { Machine } from "../machine/machine.ts";
import { EFIVARS } from "./efi-variable.ts";

/** The vendor id of the variables that the UEFI specification itself defines. */
const GLOBAL_VENDOR = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
const MAXIMUM_BYTES = 4096;
/** Types of device path nodes (UEFI 2.10, chapter 10). */
const HARDWARE = 1;
const PCI = 1;
const END = 0x7f;

const u16 = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

/**
 * The PCI devices in a boot option's device path, `device.function` each as sysfs writes them; undefined when there are
 * none: the firmware names a partition only, or no PCI bus leads to the disk. Bus numbers are the kernel's to choose.
 */
export function pciPathOfOption(option: Uint8Array): readonly string[] | undefined {
  // Attributes, length of the paths, description in UTF-16 up to a NUL.
  let at = 6;
  while (at + 1 < option.length && u16(option, at) !== 0) at += 2;
  at += 2;
  const path: string[] = [];
  while (at + 4 <= option.length && option[at] !== END) {
    if (option[at] === HARDWARE && option[at + 1] === PCI)
      path.push(`${hex(option[at + 5] ?? 0, 2)}.${option[at + 4]}`);
    at += Math.max(4, u16(option, at + 2));
  }
  return path.length === 0 ? undefined : path;
}

/** The way by which the firmware reached the disk of this boot, see `pciPathOfOption`. */
export function readBootPciPath(machine: Machine): readonly string[] | undefined {
  // efivarfs puts four bytes of attributes before each value.
  const read = (name: string): Uint8Array | undefined =>
    machine.readBytes(`${EFIVARS}/${name}-${GLOBAL_VENDOR}`, 0, MAXIMUM_BYTES)?.slice(4);
  const current = read("BootCurrent");
  if (current === undefined || current.length < 2) return undefined;
  const option = read(`Boot${hex(u16(current, 0), 4).toUpperCase()}`);
  return option === undefined ? undefined : pciPathOfOption(option);
}
