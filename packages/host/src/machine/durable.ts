import type { Machine } from "./machine.ts";

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";

function sync(machine: Machine, path: string): void {
  const { status } = machine.run(["sync", path]);
  if (status !== 0) throw new Error(`${path}: sync ended with status ${status}`);
}

/**
 * Replaces a file so that a power cut leaves the old or the new content, never a mix; returns after both the bytes and
 * the directory entry are flushed. For resin-state and resin-data; the boot partition has `writeFat`.
 */
export function writeDurably(machine: Machine, path: string, text: string, mode = 0o644): void {
  const temporary = `${path}.new`;
  machine.makeDirectory(parentOf(path));
  machine.remove(temporary);
  machine.writeText(temporary, text, mode);
  sync(machine, temporary);
  machine.rename(temporary, path);
  sync(machine, parentOf(path));
}

/**
 * The same for bytes, in a directory whose other files somebody reads: until it is complete the file has the hidden name
 * `.new` there, one at a time. What a cut leaves under it is overwritten by the next one.
 */
export function writeBytesDurably(machine: Machine, path: string, bytes: Uint8Array, mode: number): void {
  const temporary = `${parentOf(path)}/.new`;
  machine.makeDirectory(parentOf(path));
  machine.remove(temporary);
  machine.writeText(temporary, "", mode);
  machine.writeBytes(temporary, 0, bytes);
  sync(machine, temporary);
  machine.rename(temporary, path);
  sync(machine, parentOf(path));
}

/**
 * The only function that writes to the boot partition. A rename on FAT is two directory entries that may reach the disk
 * in any order: a cut can leave the new file under its temporary name only (`.new`), so whoever restores a lost file looks
 * there first. Returns after everything is flushed.
 */
export function writeFat(machine: Machine, path: string, text: string): void {
  const temporary = `${path}.new`;
  machine.remove(temporary);
  machine.writeText(temporary, text, 0o600);
  sync(machine, temporary);
  machine.rename(temporary, path);
  sync(machine, parentOf(path));
}
