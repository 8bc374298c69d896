import { statfs } from "node:fs/promises";
import { HoldfastError, messageOf, mib, worldError } from "@holdfast/contracts";

/** Programs can say a lot; the beginning names the file. */
const SHOWN = 300;

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "is full",
  EDQUOT: "has no quota left",
  EROFS: "is read-only",
  EACCES: "is not writable",
};

/**
 * Runs work that writes below `directory` and turns a failure for lack of room into an error that says where.
 * Programs report a full disk only in their text, so that is searched too.
 * @throws `image.disk-full`
 */
export async function reportDiskFull<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const reason = reasonOf(thrown);
    if (reason === undefined || thrown instanceof HoldfastError) throw thrown;
    throw worldError("image.disk-full", {
      message: `The disk that holds ${directory} ${reason}: ${messageOf(thrown).slice(0, SHOWN)}.`,
      hint: "Make room there, or set HOLDFAST_CACHE to a directory on another disk; what was finished before is kept.",
      cause: thrown,
    });
  }
}

/** With less than this left, a failed write is taken for one that found no room. */
const HARDLY_ANY = mib(1);

/**
 * Runs a program that writes below `directory` and does not say when the disk is full, or not in words that can be told
 * from other failures (mkfs.erofs: "invalid chksum"). Its failure then looks like any other for lack of room.
 */
export async function noticeFullDisk<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const { bavail, bsize } = await statfs(directory);
    if (thrown instanceof HoldfastError || bavail * bsize >= HARDLY_ANY) throw thrown;
    throw Object.assign(new Error(messageOf(thrown), { cause: thrown }), { code: "ENOSPC" });
  }
}

function reasonOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  if ("code" in thrown && typeof thrown.code === "string") return reasons[thrown.code];
  return /No space left on device|Disk quota exceeded/.test(thrown.message) ? reasons["ENOSPC"] : undefined;
}
