import { readBootRecord } from "../../boot/boot-record.ts";
import type { Machine } from "../../machine/machine.ts";
import { outputOf } from "../probe/answer-of.ts";
import type { Answers, Probe } from "../probe/probe.ts";

/** The partitions that are mounted for writing, by their mount points. */
export const PLACES = { boot: "/mnt/boot", state: "/mnt/state", data: "/mnt/data" } as const;
export type Place = keyof typeof PLACES;
const places: readonly Place[] = ["boot", "state", "data"];

export type Mount = { readonly place: Place; readonly is: "writable" | "read-only" | "absent" | "in memory" };
export type Room = {
  readonly place: Place;
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Of files that can still be made; undefined where the filesystem has no such limit. */
  readonly freeFiles: number | undefined;
  readonly totalFiles: number | undefined;
};
/** Whether the disk itself answers, past all caches. `silent`: not in time. */
export type DiskRead = { readonly place: "boot" | "data"; readonly is: "read" | "unreadable" | "silent" };
/** Errors that ext4 has noted in the filesystem since its last repair. */
export type FilesystemErrors = { readonly place: Place; readonly count: number };
/** Undefined on disks that do not tell. */
export type Wear =
  | {
      /** Tenths of its life that are used, rounded up, of its two kinds of memory the worse; 11 is beyond its life. */
      readonly usedTenths: number;
      readonly reserve: "normal" | "warning" | "urgent" | "unknown";
    }
  | undefined;

export const roomProbes: readonly Probe[] = places.map((place) => ({
  name: `room-${place}`,
  argv: ["stat", "--file-system", "--format=%S %b %a %c %d", PLACES[place]],
}));

const readPlaces = ["boot", "data"] as const;

/** One block of each, from the disk itself. @throws when find-root left no record */
export function diskProbes(machine: Machine): readonly Probe[] {
  const { partitions } = readBootRecord(machine);
  return readPlaces.map((place) => ({
    name: `read-${place}`,
    argv: ["dd", `if=/dev/${partitions[place]}`, "of=/dev/null", "bs=4096", "count=1", "iflag=direct"],
  }));
}

/** What /proc/mounts says of a place. A state partition that could not be mounted is in memory. Pure. */
export function mountOf(place: Place, mounts: string): Mount {
  // The last line counts: it was mounted over what was there before.
  const line = mounts.split("\n").findLast((each) => each.split(" ")[1] === PLACES[place]);
  const [, , kind, options = ""] = line?.split(" ") ?? [];
  if (kind === undefined) return { place, is: "absent" };
  if (kind === "tmpfs") return { place, is: "in memory" };
  return { place, is: options.split(",").includes("ro") ? "read-only" : "writable" };
}

export const readMounts = (_: Answers, machine: Machine): readonly Mount[] =>
  places.map((place) => mountOf(place, machine.readText("/proc/mounts") ?? ""));

/** Room on what is mounted: elsewhere the figures would be those of another filesystem. */
export function readRoom(answers: Answers, machine: Machine): readonly Room[] {
  const mounted = readMounts(answers, machine).filter(({ is }) => is === "writable" || is === "read-only");
  return mounted.map(({ place }) => {
    const figures = outputOf(answers, `room-${place}`).trim().split(" ").map(Number);
    const [block = 0, blocks = 0, free = 0, files = 0, freeFiles = 0] = figures;
    const inodes = files > 0 ? { freeFiles, totalFiles: files } : { freeFiles: undefined, totalFiles: undefined };
    return { place, freeBytes: free * block, totalBytes: blocks * block, ...inodes };
  });
}

/** @throws when find-root left no record */
export function readDiskReads(answers: Answers, machine: Machine): readonly DiskRead[] {
  readBootRecord(machine);
  return readPlaces.map((place) => {
    const answer = answers.get(`read-${place}`);
    return { place, is: answer === undefined ? "silent" : answer.status === 0 ? "read" : "unreadable" };
  });
}

export function readFilesystemErrors(_: Answers, machine: Machine): readonly FilesystemErrors[] {
  const { partitions } = readBootRecord(machine);
  return (["state", "data"] as const).map((place) => {
    const text = machine.readText(`/sys/fs/ext4/${partitions[place]}/errors_count`) ?? "0";
    return { place, count: Number(text.trim()) || 0 };
  });
}

const reserves: Readonly<Record<number, "normal" | "warning" | "urgent">> = { 1: "normal", 2: "warning", 3: "urgent" };

/** What eMMC says of itself (JEDEC's EXT_CSD registers, as Linux shows them). */
export function readWear(_: Answers, machine: Machine): Wear {
  const folder = `/sys/class/block/${readBootRecord(machine).disk}/device`;
  const tenths = (machine.readText(`${folder}/life_time`) ?? "").trim().split(/\s+/).map(Number);
  const usedTenths = Math.max(...tenths);
  // Nought is a disk that does not say.
  if (!(usedTenths > 0)) return undefined;
  return { usedTenths, reserve: reserves[Number(machine.readText(`${folder}/pre_eol_info`))] ?? "unknown" };
}
