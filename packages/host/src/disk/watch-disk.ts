import { readBootRecord } from "../boot/boot-record.ts";
import type { Machine } from "../machine/machine.ts";

/** Between two looks, when the unit's watchdog leaves that much time. */
const LONGEST_PAUSE_MS = 30_000;
const BLOCK = 4096;
const SECTOR = 512;
/** Steps through the partition, so that no cache of the disk answers in its place. */
const STRIDE_BLOCKS = 104_729;

/** Reads one block from the disk itself, past the page cache. It never returns while the disk does not answer. */
const canRead = (machine: Machine, device: string, block: number): boolean =>
  machine.run(["dd", `if=${device}`, "of=/dev/null", `bs=${BLOCK}`, "count=1", `skip=${block}`, "iflag=direct"], {
    quiet: true,
  }).status === 0;

/**
 * Feeds the unit's watchdog as long as the data partition's disk answers. A disk that hangs holds this program with it,
 * and one that is gone leaves the watchdog unfed; systemd then starts the program anew, and after a few times the device.
 * A single bad block is no reason: then the disk's first block is asked, too.
 * @param rounds how often to look; the unit's program looks for ever.
 */
export function watchDisk(machine: Machine, rounds = Number.POSITIVE_INFINITY): number {
  const { disk, partitions } = readBootRecord(machine);
  const device = `/dev/${partitions.data}`;
  const micros = Number(machine.environment("WATCHDOG_USEC") ?? "0");
  const pause = micros > 0 ? Math.min(LONGEST_PAUSE_MS, micros / 1000 / 4) : LONGEST_PAUSE_MS;
  const sectors = Number((machine.readText(`/sys/class/block/${partitions.data}/size`) ?? "0").trim());
  const blocks = Math.max(1, Math.floor((sectors * SECTOR) / BLOCK));
  machine.run(["systemd-notify", "--ready"]);
  let answered = true;
  for (let round = 0; round < rounds; round += 1) {
    const answers = canRead(machine, device, (round * STRIDE_BLOCKS) % blocks) || canRead(machine, `/dev/${disk}`, 0);
    if (answers) machine.run(["systemd-notify", "WATCHDOG=1"]);
    if (answers !== answered) machine.log(`/dev/${disk} ${answers ? "can be read again" : "cannot be read"}`);
    answered = answers;
    machine.sleep(pause);
  }
  return 0;
}
