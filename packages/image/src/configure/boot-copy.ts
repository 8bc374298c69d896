import { readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf, refuse } from "@holdfast/contracts";
import type { ImageTools } from "../pack/index.ts";

/** A boot partition in a file of its own, read and changed through mtools: nothing is mounted. */
export type BootCopy = {
  readonly file: string;
  readonly tools: ImageTools;
  /** For files on their way in and out. */
  readonly scratch: string;
};

/** Path on the boot partition, without a leading slash -> content. */
export type BootFiles = ReadonlyMap<string, Uint8Array>;

/** A file's bytes; undefined when there is none of that name. */
export async function readBootFile({ file, tools, scratch }: BootCopy, path: string): Promise<Uint8Array | undefined> {
  const out = join(scratch, "out");
  await rm(out, { force: true });
  try {
    await tools.run(["mcopy", "-n", "-i", file, `::/${path}`, out]);
  } catch {
    return undefined;
  }
  return await readFile(out);
}

/**
 * Puts files in, replacing those of the same name; returns after each was read back.
 * @throws `image.boot-too-large` when there is no room for them
 */
export async function writeBootFiles(boot: BootCopy, files: BootFiles): Promise<void> {
  const { file, tools, scratch } = boot;
  for (const [path, bytes] of files) {
    const folder = dirname(path);
    // mmd has no way to take an existing folder as made; what is really wrong shows when the file is written.
    if (folder !== ".") await tools.run(["mmd", "-D", "s", "-i", file, `::/${folder}`]).catch(() => undefined);
    const source = join(scratch, "in");
    await writeFile(source, bytes, { mode: 0o644 });
    try {
      await tools.run(["mcopy", "-D", "o", "-i", file, source, `::/${path}`]);
    } catch (failure) {
      noRoom(path, failure);
    }
    const written = await readBootFile(boot, path);
    if (written === undefined || Buffer.compare(written, bytes) !== 0) noRoom(path, "it does not read back");
  }
}

function noRoom(path: string, cause: unknown): never {
  return refuse("image.boot-too-large", {
    message: `${path} cannot be written to the boot partition: ${messageOf(cause)}.`,
    hint: "Nothing was changed. See with `holdfast inspect` what is on it; each kernel takes about 25 MB of 256.",
    cause,
  });
}
