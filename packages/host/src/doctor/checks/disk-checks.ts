import { PLACES, type Room } from "../facts/disk-facts.ts";
import { known } from "../facts/fact.ts";
import { type Check, defineCheck, listed } from "../finding.ts";

const MIB = 1024 * 1024;
/** Below the first the engine cannot pull or write; the second leaves time to act. */
const FULL = { share: 0.02, bytes: 64 * MIB };
const LOW = { share: 0.1, bytes: 256 * MIB };
/** The state partition holds little, and its own figures are small. */
const SMALL_BYTES = 512 * MIB;

const mounts = defineCheck({
  name: "disk.mounts",
  means: "boot, state and data partition are mounted for writing",
  troubles: {
    "disk.not-mounted": {
      level: "failure",
      means: "a partition is not mounted, or its content is in memory and goes with the next boot",
      todo: "Reboot: it is checked and repaired then. If it stays: journalctl -b -u mnt-data.mount -u mnt-boot.mount, and replace the disk",
    },
    "disk.read-only": {
      level: "failure",
      means: "the kernel has switched a partition to reading only, after an error",
      todo: "Reboot: it is checked and repaired then. If it comes back: journalctl -k, and replace the disk",
    },
  },
  judge: ({ mounts: fact }) => {
    const all = known(fact);
    const absent = all.filter(({ is }) => is === "absent" || is === "in memory");
    if (absent.length > 0)
      return { code: "disk.not-mounted", what: listed(absent.map(({ place, is }) => `${PLACES[place]} is ${is}`)) };
    const locked = all.filter(({ is }) => is === "read-only");
    if (locked.length > 0)
      return { code: "disk.read-only", what: `${listed(locked.map(({ place }) => PLACES[place]))} cannot be written` };
    return { ok: "boot, state and data can be written" };
  },
});

const reads = defineCheck({
  name: "disk.reads",
  means: "the disk itself answers, past all caches",
  troubles: {
    "disk.unreadable": {
      level: "failure",
      means: "a block of the boot or data partition cannot be read",
      todo: "Look at journalctl -k, save what matters, and replace the disk",
    },
    "disk.hangs": {
      level: "failure",
      means: "the disk does not answer in time",
      todo: "Reboot; if it comes back, look at journalctl -k and replace the disk",
    },
  },
  judge: ({ diskReads }) => {
    const name = (is: string): string =>
      listed(
        known(diskReads)
          .filter((read) => read.is === is)
          .map(({ place }) => `resin-${place}`),
      );
    if (name("unreadable") !== "") return { code: "disk.unreadable", what: `${name("unreadable")} cannot be read` };
    if (name("silent") !== "") return { code: "disk.hangs", what: `${name("silent")} does not answer` };
    return { ok: "resin-boot and resin-data can be read" };
  },
});

/** What is scarcer of bytes and files, as a share of all; and whether bytes are few as such. */
function scarcity(room: Room): { readonly share: number; readonly isBelow: (limit: typeof FULL) => boolean } {
  const files = room.totalFiles === undefined ? 1 : (room.freeFiles ?? 0) / room.totalFiles;
  const share = Math.min(files, room.totalBytes === 0 ? 0 : room.freeBytes / room.totalBytes);
  const isBelow = (limit: typeof FULL): boolean =>
    share < limit.share || (room.totalBytes > SMALL_BYTES && room.freeBytes < limit.bytes);
  return { share, isBelow };
}

function describeRoom(room: Room): string {
  const files = room.freeFiles === undefined ? "" : `, ${room.freeFiles} more files`;
  return `${PLACES[room.place]}: ${Math.floor(room.freeBytes / MIB)} of ${Math.floor(room.totalBytes / MIB)} MiB free${files}`;
}

const space = defineCheck({
  name: "disk.space",
  means: "there is room for data and for more files on boot, state and data partition",
  troubles: {
    "disk.full": {
      level: "failure",
      means: "less than 2 % or 64 MiB of a partition is free, or less than 2 % of the files that it can hold",
      todo: "On /mnt/data: docker system df, docker image prune, remove what apps' volumes do not need; elsewhere: du -x",
    },
    "disk.low": {
      level: "warning",
      means: "less than 10 % or 256 MiB of a partition is free, or less than 10 % of the files that it can hold",
      todo: "On /mnt/data: docker system df, docker image prune, remove what apps' volumes do not need; elsewhere: du -x",
    },
  },
  judge: ({ room }) => {
    const all = known(room);
    const below = (limit: typeof FULL): string =>
      listed(all.filter((each) => scarcity(each).isBelow(limit)).map(describeRoom));
    if (below(FULL) !== "") return { code: "disk.full", what: below(FULL) };
    if (below(LOW) !== "") return { code: "disk.low", what: below(LOW) };
    const data = all.find(({ place }) => place === "data");
    return { ok: data === undefined ? "there is room" : describeRoom(data) };
  },
});

const errors = defineCheck({
  name: "disk.errors",
  means: "neither filesystems nor the kernel have noted errors of the disk",
  troubles: {
    "disk.filesystem-errors": {
      level: "failure",
      means: "ext4 has found a filesystem damaged",
      todo: "Reboot: it is repaired then. If it comes back: journalctl -k, and replace the disk",
    },
    "disk.io-errors": {
      level: "warning",
      means: "the kernel could not read or write a disk since the boot",
      todo: "Look at journalctl -k; unless a disk was unplugged, save what matters and replace it",
    },
  },
  judge: ({ filesystemErrors, ioErrors }) => {
    const damaged = known(filesystemErrors).filter(({ count }) => count > 0);
    if (damaged.length > 0) {
      const what = listed(damaged.map(({ place, count }) => `${PLACES[place]}: ${count} noted by ext4`));
      return { code: "disk.filesystem-errors", what };
    }
    const { count, disks } = known(ioErrors);
    return count > 0
      ? { code: "disk.io-errors", what: `${count} of ${listed(disks)} in the kernel's journal` }
      : { ok: "none noted" };
  },
});

/** eMMC counts its life in tenths; the eleventh is beyond what its maker promised. */
const OLD_TENTHS = 9;
const DEAD_TENTHS = 11;

const wear = defineCheck({
  name: "disk.wear",
  means: "the eMMC has life left, or the disk does not tell",
  troubles: {
    "disk.worn-out": {
      level: "failure",
      means: "the eMMC is beyond its life, or its spare blocks are all but gone",
      todo: "Save what matters, and replace the disk or the device",
    },
    "disk.wearing-out": {
      level: "warning",
      means: "the eMMC has used 80 % of its life, or of its spare blocks",
      todo: "Plan its replacement, and look for what writes so much: apps' volumes, persistentLogging",
    },
  },
  judge: ({ wear: fact }) => {
    const life = known(fact);
    if (life === undefined) return { ok: "the disk does not tell" };
    const { usedTenths, reserve } = life;
    const used = usedTenths >= DEAD_TENTHS ? "all" : `up to ${usedTenths * 10} %`;
    const what = `${used} of the eMMC's life is used; spare blocks: ${reserve}`;
    if (usedTenths >= DEAD_TENTHS || reserve === "urgent") return { code: "disk.worn-out", what };
    if (usedTenths >= OLD_TENTHS || reserve === "warning") return { code: "disk.wearing-out", what };
    return { ok: what };
  },
});

export const diskChecks: readonly Check[] = [mounts, reads, space, errors, wear];
