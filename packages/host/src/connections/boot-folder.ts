import { exists, type Machine, type PathKind } from "../machine/machine.ts";

/** A folder of the boot partition whose files the device gets copies of. */
export type BootFolder = {
  readonly from: string;
  readonly to: string;
  readonly mode: number;
  /** Larger files are reported, and not read. */
  readonly largestFile: number;
};

export const connectionsFolder: BootFolder = {
  from: "/mnt/boot/system-connections",
  to: "/etc/NetworkManager/system-connections",
  mode: 0o600,
  largestFile: 256 * 1024,
};

export const dispatcherFolder: BootFolder = {
  from: "/mnt/boot/dispatcher.d",
  to: "/etc/NetworkManager/dispatcher.d",
  mode: 0o755,
  largestFile: 1024 * 1024,
};

/** Something in a folder of the boot partition. Without bytes it is no readable file, or too large to be read. */
export type Found = { readonly name: string; readonly kind: PathKind | undefined; readonly bytes?: Uint8Array };

/** Whether the boot partition is mounted: it is never empty. */
export const hasBootPartition = (machine: Machine): boolean => (machine.list("/mnt/boot") ?? []).length > 0;

/** What is in the folder now, in the order of names. */
export function readFolder(machine: Machine, folder: BootFolder): readonly Found[] {
  return (machine.list(folder.from) ?? []).map((name): Found => {
    const path = `${folder.from}/${name}`;
    const kind = machine.kindOf(path);
    const bytes = kind === "file" ? machine.readBytes(path, 0, folder.largestFile + 1) : undefined;
    return bytes === undefined || bytes.length > folder.largestFile ? { name, kind } : { name, kind, bytes };
  });
}

/** Whether two looks at a folder saw the same. */
export const isSame = (a: readonly Found[], b: readonly Found[]): boolean =>
  a.length === b.length &&
  a.every(({ name, kind, bytes }, index) => {
    const other = b[index];
    return other?.name === name && other.kind === kind && sameBytes(bytes, other.bytes);
  });

export const sameBytes = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : a.length === b.length && a.every((byte, index) => byte === b[index]);

/** The copy that is there already. */
export function readCopy(machine: Machine, folder: BootFolder, name: string, most: number): Uint8Array | undefined {
  const path = `${folder.to}/${name}`;
  return exists(machine, path) ? machine.readBytes(path, 0, most + 1) : undefined;
}
