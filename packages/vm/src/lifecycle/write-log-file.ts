import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { encodeSuperblock } from "../write-log/entry.ts";

/** As QEMU is told. */
const LOG_SECTOR_BYTES = 512;

/**
 * Makes the file that QEMU fills with a log of writes; a former log is replaced. QEMU itself writes the superblock with
 * the first flush only, so a log that ends before that would not be one.
 */
export async function prepareWriteLog(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, encodeSuperblock({ sectorSize: LOG_SECTOR_BYTES, entries: 0 }));
}
