import { open } from "node:fs/promises";
import { z } from "zod";
import type { Device } from "./device.ts";

const NEEDLE_BYTES = 64;
const WINDOW_BYTES = 8 * 1024 * 1024;

/**
 * Changes one byte in the middle of a file of the running device's slot, on the partition below verity, and drops what
 * the kernel remembers of it. The file must not be compressed in the slot. `undo` puts the byte back.
 */
export async function damageFile(device: Device, path: string): Promise<{ readonly undo: () => Promise<void> }> {
  const middle = Math.floor(Number(await device.shell(`stat -c %s ${path}`)) / 2);
  const needle = Buffer.from(
    await device.shell(`tail -c +${middle + 1} ${path} | head -c ${NEEDLE_BYTES} | base64 -w 0`),
    "base64",
  );
  const place = await find(device.lab.image.disk.file, needle);
  const at = place - 512 * Number(await device.shell("cat /sys/class/block/vda2/start"));
  const [first] = z.tuple([z.number()]).parse([...needle.subarray(0, 1)]);
  const write = async (byte: number): Promise<void> => {
    const octal = byte.toString(8).padStart(3, "0");
    const target = `of=/dev/disk/by-state/active bs=1 seek=${at} conv=notrunc,fsync`;
    await device.shell(`printf '\\${octal}' | dd ${target} && echo 3 >/proc/sys/vm/drop_caches`);
  };
  await write(first ^ 1);
  return { undo: () => write(first) };
}

/** Where a byte sequence is in a file. @throws when it is not there exactly once. */
async function find(file: string, needle: Buffer): Promise<number> {
  await using handle = await open(file);
  const window = Buffer.alloc(WINDOW_BYTES);
  const found: number[] = [];
  const { size } = await handle.stat();
  for (let start = 0; start < size; start += WINDOW_BYTES - NEEDLE_BYTES) {
    const { bytesRead } = await handle.read(window, 0, WINDOW_BYTES, start);
    const at = window.subarray(0, bytesRead).indexOf(needle);
    if (at >= 0) found.push(start + at);
  }
  const [place] = new Set(found);
  if (place === undefined || new Set(found).size > 1) throw new Error(`${found.length} places of the file in ${file}`);
  return place;
}
