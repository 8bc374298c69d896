import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import path from "node:path";

/** A name beside `file` for what is not complete yet. */
export function temporaryBeside(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(6).toString("hex")}`);
}

/** Renames a complete, synced file into place; returns after the name is on disk as well. */
export async function commitFile(temporary: string, file: string): Promise<void> {
  await rename(temporary, file);
  await using directory = await open(path.dirname(file), "r");
  await directory.sync();
}

/** Replaces a file whole: readers see the old or the new bytes, also after a power cut. */
export async function writeDurably(file: string, bytes: string | Uint8Array): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const temporary = temporaryBeside(file);
  try {
    {
      await using handle = await open(temporary, "wx");
      await handle.writeFile(bytes);
      await handle.sync();
    }
    await commitFile(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}
