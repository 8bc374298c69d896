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
