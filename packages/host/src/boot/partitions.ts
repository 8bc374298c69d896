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
  /** Lower-case. Absent on kernels before 6.9, which do not tell. */
  readonly partUuid: string | undefined;
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

/** All partitions that exist now. Falls back to udev's links where the kernel does not name the PARTUUID. */
export function readPartitions(machine: Machine): readonly Partition[] {
  const found: Partition[] = [];
  for (const name of machine.list("/sys/class/block") ?? []) {
    const uevent = machine.readText(`/sys/class/block/${name}/uevent`);
    const real = machine.resolve(`/sys/class/block/${name}`);
    if (uevent === undefined || real === undefined) continue;
    const partition = parsePartition(name, real.split("/").at(-2) ?? "", uevent);
    if (partition !== undefined) found.push(partition);
  }
  if (found.every((partition) => partition.partUuid !== undefined)) return found;
  const links = new Map<string, string>();
  for (const uuid of machine.list("/dev/disk/by-partuuid") ?? [])
    links.set(machine.resolve(`/dev/disk/by-partuuid/${uuid}`)?.replace("/dev/", "") ?? "", uuid.toLowerCase());
  return found.map((partition) => ({ ...partition, partUuid: partition.partUuid ?? links.get(partition.name) }));
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

/**
 * The disk that the loader was started from, and no other: a card and a soldered flash may hold the same image. Without
 * the loader's word (firmware that does not set it), the first disk that has the whole layout, and `certain` is false.
 */
export function chooseBootDisk(partitions: readonly Partition[], loaderPartUuid: string | undefined): DiskChoice {
  if (loaderPartUuid !== undefined) {
    const wanted = loaderPartUuid.toLowerCase();
    const esp = partitions.find((partition) => partition.partUuid === wanted);
    if (esp === undefined) return { found: undefined, waitingFor: `the loader's partition ${wanted}` };
    const layout = layoutOf(esp.disk, partitions);
    return typeof layout === "string" ? { found: undefined, waitingFor: layout } : { found: layout, certain: true };
  }
  for (const disk of [...new Set(partitions.map((partition) => partition.disk))].sort()) {
    const layout = layoutOf(disk, partitions);
    if (typeof layout !== "string") return { found: layout, certain: false };
  }
  return { found: undefined, waitingFor: "a disk with the partitions of Holdfast" };
}
