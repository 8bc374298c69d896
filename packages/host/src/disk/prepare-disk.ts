import { readBootRecord } from "../boot/boot-record.ts";
import type { Machine } from "../machine/machine.ts";
import { diskIdentity } from "./disk-identity.ts";
import { readExt4, setExt4Uuid, setFatSerial } from "./filesystem-identity.ts";
import { changeGpt, extentOf, SECTOR } from "./gpt.ts";
import { readTable, resizeInKernel, writeTable } from "./update-table.ts";

/** Tells prepare-data that the filesystem is smaller than its partition. */
export const GROW_MARKER = "/run/holdfast/grow-data";
/** e2fsck: errors found and repaired. */
const FSCK_REPAIRED = 1 | 2;
/** A filesystem may end this much before its partition: a block group that does not fit. */
const SLACK_BYTES = 2 * 1024 * 1024;

const numberOf = (machine: Machine, name: string): number =>
  Number((machine.readText(`/sys/class/block/${name}/partition`) ?? "").trim());

function checkData(machine: Machine, device: string): void {
  if ((machine.run(["e2fsck", "-p", device]).status & ~FSCK_REPAIRED) === 0) return;
  machine.log(`${device}: errors that need a full repair`);
  machine.run(["e2fsck", "-y", device]);
}

/**
 * Before the boot and data partitions are mounted: repairs resin-data's filesystem, on the first boot makes all
 * identities of the disk its own, and grows resin-data's partition to the disk's end. Everything converges: run again
 * after a cut, it finishes what was begun; with nothing to do, it only reads and runs e2fsck.
 */
export function prepareDisk(machine: Machine): number {
  const { disk, partitions, stateLost } = readBootRecord(machine);
  const device = `/dev/${disk}`;
  const data = `/dev/${partitions.data}`;
  checkData(machine, data);

  const diskSectors = Number((machine.readText(`/sys/class/block/${disk}/size`) ?? "").trim());
  const table = readTable(machine, device, diskSectors);
  // Without a state partition there is nowhere to record an identity: it would change on every boot.
  if (table === undefined || stateLost) {
    machine.log(`${device}: ${stateLost ? "state is lost" : "no valid partition table"}: left as it is`);
    return 0;
  }
  const numbers = Object.values(partitions).map((name) => numberOf(machine, name));
  const identity = diskIdentity(machine, numbers);
  const grow = numberOf(machine, partitions.data);
  const wanted = changeGpt(table, { ...identity, grow }, diskSectors);
  if (writeTable(machine, device, wanted, diskSectors)) {
    const { first, last } = extentOf(wanted, grow);
    machine.log(
      `${device}: partition table written, resin-data has ${Math.floor(((last - first + 1) * SECTOR) / 2 ** 20)} MiB`,
    );
    resizeInKernel(machine, device, grow);
  }
  setFatSerial(machine, `/dev/${partitions.boot}`, identity.bootSerial);
  setExt4Uuid(machine, data, identity.dataUuid);
  setExt4Uuid(machine, `/dev/${partitions.state}`, identity.stateUuid);

  const partitionBytes = Number((machine.readText(`/sys/class/block/${partitions.data}/size`) ?? "0").trim()) * SECTOR;
  const filesystem = readExt4(machine, data);
  if (filesystem !== undefined && partitionBytes - filesystem.bytes > SLACK_BYTES) machine.writeText(GROW_MARKER, "");
  return 0;
}
