import { open } from "node:fs/promises";
import { refuse } from "@holdfast/contracts";
import { parseEntry, parseSuperblock, type WriteLogEntry } from "./entry.ts";

const SUPERBLOCK_BYTES = 512;

/**
 * Reads a log of disk writes in its order. The superblock's count is a lower bound, since QEMU renews it now and then
 * and may have been killed: entries after it count as long as they are whole.
 * @throws HoldfastError `vm.invalid-write-log` when the file is no log, or ends before the count is reached.
 */
export async function* readWriteLog(path: string): AsyncGenerator<WriteLogEntry> {
  await using file = await open(path);
  const { size } = await file.stat();
  const superblock = parseSuperblock((await file.read(Buffer.alloc(SUPERBLOCK_BYTES), 0, SUPERBLOCK_BYTES, 0)).buffer);
  if (superblock === undefined) {
    return refuse("vm.invalid-write-log", { message: `${path} is not a log of disk writes.` });
  }
  const { sectorSize } = superblock;
  const sector = Buffer.alloc(sectorSize);
  let at = sectorSize;
  let index = 0;
  for (; at + sectorSize <= size; index++) {
    await file.read(sector, 0, sectorSize, at);
    const entry = parseEntry(sector, { index, at, sectorSize });
    const end = at + sectorSize + (entry?.dataAt === undefined ? 0 : entry.length);
    if (entry === undefined || end > size) break;
    yield entry;
    at = end;
  }
  if (index < superblock.entries) {
    refuse("vm.invalid-write-log", {
      message: `${path} ends after ${index} of ${superblock.entries} entries, at byte ${at}.`,
    });
  }
}
