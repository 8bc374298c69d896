import { partitionGuid } from "../disk/gpt.ts";
import { readTable } from "../disk/update-table.ts";
import type { Machine } from "../machine/machine.ts";

/** A partition as the kernel's sysfs shows it. */
export type Partition = {
  /** Kernel name, e.g. vda2. */
  readonly name: string;
  /** Kernel name of its disk, e.g. vda. */
  readonly disk: string;
  readonly number: number;
  /** GPT label. */
  readonly label: string | undefined;
  /** Lower-case. Kernels before 6.13 do not tell; `readPartitions` then asks the disk. */
  readonly partUuid: string | undefined;
  /** PCI devices on the way to it, `device.function` each, e.g. `1f.2`. Empty for what no PCI bus leads to. */
  readonly pciPath?: readonly string[];
  /** Which disk of the controller at its end, as `FirmwarePath.unit`; undefined for buses that it does not name. */
  readonly unit?: string | undefined;
};

export const labels = {
  boot: "resin-boot",
  rootA: "resin-rootA",
  rootB: "resin-rootB",
  state: "resin-state",
  data: "resin-data",
} as const;
export type LayoutName = keyof typeof labels;

/** Each partition of the layout on one disk. */
export type BootDisk = { readonly disk: string } & Readonly<Record<LayoutName, Partition>>;

/** Parses a uevent file of /sys/class/block; undefined for whole disks. */
export function parsePartition(name: string, disk: string, uevent: string): Partition | undefined {
  const fields = new Map(
    uevent.split("\n").map((line): [string, string] => {
      const equals = line.indexOf("=");
      return [line.slice(0, equals), line.slice(equals + 1)];
    }),
  );
  if (fields.get("DEVTYPE") !== "partition") return undefined;
  return {
    name,
    disk,
    number: Number(fields.get("PARTN")),
    label: fields.get("PARTNAME"),
    partUuid: fields.get("PARTUUID")?.toLowerCase(),
  };
}

/** The PCI devices in a path of sysfs: /sys/devices/pci0000:00/0000:00:1f.2/… -> 1f.2. */
const pciPathOf = (real: string): string[] =>
  real.split("/").flatMap((part) => /^[0-9a-f]{4,}:[0-9a-f]{2}:([0-9a-f]{2}\.[0-7])$/.exec(part)?.[1] ?? []);

/** The disk's place on its controller: /sys/devices/…/ata3/host2/target2:0:0/2:0:0:0/block/sda/sda1 -> ata:<its port>. */
function unitOf(machine: Machine, real: string): string | undefined {
  const [, ata] = /\/(ata\d+)\//.exec(real) ?? [];
  if (ata !== undefined) {
    // The kernel numbers all controllers' ports in one row; this number is the controller's own, from one.
    const port = Number((machine.readText(`/sys/class/ata_port/${ata}/port_no`) ?? "").trim());
    return port > 0 ? `ata:${port - 1}` : undefined;
  }
  const [, target, lun] = /\/virtio\d+\/host\d+\/target\d+:\d+:(\d+)\/\d+:\d+:\d+:(\d+)\//.exec(real) ?? [];
  return target === undefined ? undefined : `scsi:${target}:${lun}`;
}

/** PARTUUIDs as a disk's own table has them. */
function tableOf(machine: Machine, disk: string): (number: number) => string | undefined {
  const sectors = Number((machine.readText(`/sys/class/block/${disk}/size`) ?? "").trim());
  const table = readTable(machine, `/dev/${disk}`, sectors);
  return (number) => (table === undefined ? undefined : partitionGuid(table, number));
}

/**
 * All partitions that exist now. Where the kernel does not name PARTUUIDs, they are read from the disks: udev's links come
 * late on a busy machine, and of two disks with the same image they show one.
 */
export function readPartitions(machine: Machine): readonly Partition[] {
  const found: Partition[] = [];
  for (const name of machine.list("/sys/class/block") ?? []) {
    const uevent = machine.readText(`/sys/class/block/${name}/uevent`);
    const real = machine.resolve(`/sys/class/block/${name}`);
    if (uevent === undefined || real === undefined) continue;
    const partition = parsePartition(name, real.split("/").at(-2) ?? "", uevent);
    if (partition !== undefined) found.push({ ...partition, pciPath: pciPathOf(real), unit: unitOf(machine, real) });
  }
  // Tables of others' disks are of no interest.
  const disks = found.filter(({ label, partUuid }) => label === labels.boot && partUuid === undefined);
  const tables = new Map(disks.map(({ disk }) => [disk, tableOf(machine, disk)]));
  return found.map((partition) => ({
    ...partition,
    partUuid: partition.partUuid ?? tables.get(partition.disk)?.(partition.number),
  }));
}

export type DiskChoice =
  | { readonly found: BootDisk; readonly certain: boolean }
  | { readonly found: undefined; readonly waitingFor: string };

function layoutOf(disk: string, partitions: readonly Partition[]): BootDisk | string {
  const siblings = partitions.filter((partition) => partition.disk === disk);
  const byLabel = (label: string) => siblings.find((partition) => partition.label === label);
  const boot = byLabel(labels.boot);
  const rootA = byLabel(labels.rootA);
  const rootB = byLabel(labels.rootB);
  const state = byLabel(labels.state);
  const data = byLabel(labels.data);
  if (boot && rootA && rootB && state && data) return { disk, boot, rootA, rootB, state, data };
  const present = new Set(siblings.map((partition) => partition.label));
  const missing = Object.values(labels).filter((label) => !present.has(label));
  return `${missing.join(", ")} on ${disk}`;
}

/** What the firmware and the loader say about where they were started from. */
export type LoaderWord = {
  /** PARTUUID of the loader's partition. */
  readonly partUuid: string | undefined;
  /** As `Partition.pciPath`. */
  readonly pciPath?: readonly string[] | undefined;
  /** As `Partition.unit`. */
  readonly unit?: string | undefined;
};

/**
 * The disk that the loader was started from, and no other: a card and a soldered flash may hold the same image. Before
 * their first boot these have the same PARTUUIDs, too: then the firmware's path to the disk decides. Without the loader's
 * word (firmware that does not set it), the first disk that has the whole layout. `certain` is false for a guess, which a
 * disk that appears later may correct.
 */
export function chooseBootDisk(partitions: readonly Partition[], { partUuid, pciPath, unit }: LoaderWord): DiskChoice {
  if (partUuid !== undefined) {
    const wanted = partUuid.toLowerCase();
    const alike = partitions.filter((partition) => partition.partUuid === wanted);
    const [first] = alike;
    if (first === undefined) return { found: undefined, waitingFor: `the loader's partition ${wanted}` };
    const onController = alike.filter((partition) => partition.pciPath?.join() === pciPath?.join());
    const exactly = onController.filter((partition) => unit !== undefined && partition.unit === unit);
    const there = exactly.length === 1 ? exactly : onController;
    const layout = layoutOf((there[0] ?? first).disk, partitions);
    if (typeof layout === "string") return { found: undefined, waitingFor: layout };
    // What the kernel shows without a path, e.g. behind NVMe's multipath, cannot contradict the firmware.
    const undisputed = alike.length === 1 && (pciPath === undefined || (first.pciPath ?? []).length === 0);
    return { found: layout, certain: undisputed || there.length === 1 };
  }
  for (const disk of [...new Set(partitions.map((partition) => partition.disk))].sort()) {
    const layout = layoutOf(disk, partitions);
    if (typeof layout !== "string") return { found: layout, certain: false };
  }
  return { found: undefined, waitingFor: "a disk with the partitions of Holdfast" };
}
