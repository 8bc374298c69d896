import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Makes the empty file that QEMU fills with a log of writes; a former log is replaced. */
export async function prepareWriteLog(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, "");
}
