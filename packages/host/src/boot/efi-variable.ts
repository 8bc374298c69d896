import type { Machine } from "../machine/machine.ts";

/** The vendor id that the Boot Loader Interface uses for its variables. https://systemd.io/BOOT_LOADER_INTERFACE */
const LOADER_VENDOR = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
export const EFIVARS = "/sys/firmware/efi/efivars";

/** The text of an efivarfs file: four bytes of attributes, then UTF-16LE up to a NUL. Basic plane only. */
function decodeEfiString(file: Uint8Array): string {
  let text = "";
  for (let at = 4; at + 1 < file.length; at += 2) {
    const unit = (file[at] ?? 0) | ((file[at + 1] ?? 0) << 8);
    if (unit === 0) break;
    text += String.fromCharCode(unit);
  }
  return text;
}

/** A variable that the boot loader left, e.g. `LoaderDevicePartUUID`; undefined when there is none. */
export function readLoaderVariable(machine: Machine, name: string): string | undefined {
  const file = machine.readBytes(`${EFIVARS}/${name}-${LOADER_VENDOR}`, 0, 2048);
  return file === undefined ? undefined : decodeEfiString(file) || undefined;
}
