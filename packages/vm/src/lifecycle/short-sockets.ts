import { createHash } from "node:crypto";
import { lstat, mkdir } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { refuse } from "@holdfast/contracts";
import type { Vm } from "../record.ts";

/** Longest path of a unix socket on Linux (unix(7)), without the final zero. */
const MAX_SOCKET_PATH = 107;
const LONGEST_NAME = "console.sock";

/**
 * Where the sockets of a device go: its own directory, or, when that path is too long for a socket, a private
 * directory below the temporary one.
 */
export async function socketDirectory(home: string, temporary = tmpdir()): Promise<string> {
  if (Buffer.byteLength(join(home, LONGEST_NAME)) <= MAX_SOCKET_PATH) return home;
  const { uid } = userInfo();
  const shared = join(temporary, `holdfast-vm-${uid}`);
  await mkdir(shared, { recursive: true, mode: 0o700 });
  const stat = await lstat(shared);
  if (!stat.isDirectory() || stat.uid !== uid || (stat.mode & 0o077) !== 0) {
    refuse("vm.invalid-spec", {
      message: `${shared}, meant for the sockets of virtual devices, belongs to someone else or is open to others.`,
      hint: "Remove it, or keep the cache under a shorter path.",
    });
  }
  const directory = join(shared, createHash("sha256").update(home).digest("hex").slice(0, 16));
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return directory;
}

/** The socket of this machine that is joined with a serial port of the device: what is written there, the device reads. */
export const serialSocket = ({ consoleSocket }: Pick<Vm, "consoleSocket">, name: string): string =>
  join(dirname(consoleSocket), `${name}.sock`);
