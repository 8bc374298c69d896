import { createWriteStream } from "node:fs";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { refuse } from "@holdfast/contracts";
import { type Content, sizeOf } from "../../tree/entry.ts";
import { streamContents } from "../archive/stream-contents.ts";
import type { ImageTools } from "../image-tools.ts";

const SECTOR = 512;
/** 2 KiB clusters: enough of them for FAT32 in 256 MiB, and few enough that a UKI's chain is read quickly. */
const SECTORS_PER_CLUSTER = 4;
/** Both allocation tables, the reserved sectors and directories, generously. */
const FAT_OVERHEAD = 4 * 1024 * 1024;

/** Files of the boot partition, path without leading slash -> content. Directories come by themselves. */
export type BootEntries = ReadonlyMap<string, Content>;

export type BootFilesystemOptions = {
  readonly entries: BootEntries;
  /** The disk image and where in it the partition lies, in bytes. */
  readonly image: string;
  readonly offset: number;
  readonly size: number;
  readonly label: string;
  /** Eight hex digits. */
  readonly serial: string;
  readonly tools: ImageTools;
  readonly scratch: string;
};

/**
 * Makes the boot partition's FAT32 inside a disk image, files and directories in sorted order, their dates from the
 * tools' SOURCE_DATE_EPOCH.
 * @throws `image.boot-too-large` when the files do not fit.
 */
export async function makeBootFilesystem(options: BootFilesystemOptions): Promise<void> {
  const { entries, image, offset, size, tools } = options;
  refuseTooLarge(entries, size);
  requireDistinct(entries);
  const drive = `${image}@@${offset}`;
  await tools.run([
    "mkfs.fat",
    "-F32",
    `-S${SECTOR}`,
    `-s${SECTORS_PER_CLUSTER}`,
    "-i",
    options.serial,
    "-n",
    options.label,
    `--offset=${offset / SECTOR}`,
    image,
    String(size / 1024),
  ]);
  const folders = foldersOf(entries);
  const created = [...folders.keys()].filter((folder) => folder !== "").map((folder) => `::/${folder}`);
  if (created.length > 0) await tools.run(["mmd", "-i", drive, ...created]);
  const staged = await mkdtemp(join(options.scratch, "boot-"));
  try {
    for (const [folder, paths] of folders) {
      if (paths.length === 0) continue;
      for (const path of paths) await stage(join(staged, path), entries.get(path));
      await tools.run(["mcopy", "-i", drive, ...paths.map((path) => join(staged, path)), `::/${folder}`]);
    }
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}

/** Every folder, parents before children, with the files that lie directly in it; all sorted. */
function foldersOf(entries: BootEntries): Map<string, string[]> {
  const folders = new Map<string, string[]>([["", []]]);
  for (const path of [...entries.keys()].sort()) {
    const parts = path.split("/").slice(0, -1);
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const folder = parts.slice(0, depth).join("/");
      if (!folders.has(folder)) folders.set(folder, []);
    }
    folders.get(parts.join("/"))?.push(path);
  }
  return folders;
}

async function stage(file: string, content: Content | undefined): Promise<void> {
  if (content === undefined) throw new Error(`${file}: no content`);
  await mkdir(dirname(file), { recursive: true });
  await pipeline(streamContents([content]), createWriteStream(file));
  // Whatever the caller's umask: mcopy would show a read-only file on the FAT.
  await chmod(file, 0o644);
}

/** FAT knows no case: of two names that differ only in it, mcopy would ask which to keep. */
function requireDistinct(entries: BootEntries): void {
  const names = new Map<string, string>();
  for (const path of entries.keys()) {
    const other = names.get(path.toLowerCase());
    if (other !== undefined) throw new Error(`boot partition: ${other} and ${path} are one name on FAT`);
    names.set(path.toLowerCase(), path);
  }
}

function refuseTooLarge(entries: BootEntries, size: number): void {
  const needed = [...entries.values()].reduce((total, content) => total + sizeOf(content), FAT_OVERHEAD);
  if (needed <= size) return;
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  refuse("image.boot-too-large", {
    message: `The files of the boot partition take ${mebibytes(needed)}, the partition has ${mebibytes(size)}.`,
    hint: "Make the initrd smaller or enlarge the board's boot partition.",
  });
}
