import { readdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { readIfThere } from "../../storage/durable-file.ts";

/** Figures of the hardware (compat 5.3): MiB, degrees Celsius, percent. What the hardware does not tell is left out. */
export type Metrics = {
  readonly memory_usage?: number;
  readonly memory_total?: number;
  readonly storage_block_device?: string;
  readonly storage_usage?: number;
  readonly storage_total?: number;
  readonly cpu_temp?: number;
  readonly cpu_usage?: number;
  readonly cpu_id?: string;
  readonly is_undervolted?: boolean;
};

/** Where the kernel tells; other ones in tests. */
export type MetricsPlaces = {
  readonly proc: string;
  readonly sys: string;
  /** Where the data partition is mounted. */
  readonly data: string;
};

const MIB = 1024 * 1024;
const KIB_PER_MIB = 1024;

/** Memory that is neither free nor cache, in MiB, from /proc/meminfo's text. Pure. */
export function memoryOf(meminfo: string): Pick<Metrics, "memory_usage" | "memory_total"> {
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(meminfo)?.[1] ?? 0);
  const total = kib("MemTotal");
  if (total === 0) return {};
  const free = kib("MemFree") + kib("Buffers") + kib("Cached") + kib("SReclaimable");
  return {
    memory_usage: Math.max(0, Math.round((total - free) / KIB_PER_MIB)),
    memory_total: Math.round(total / KIB_PER_MIB),
  };
}

/** Ticks since boot, from /proc/stat's text. */
export type CpuTicks = { readonly busy: number; readonly total: number };

/** The first line of /proc/stat: idle and waiting for a disk are not busy. Pure; undefined when it is not there. */
export function cpuTicks(stat: string): CpuTicks | undefined {
  const numbers = /^cpu +([\d ]+)$/m.exec(stat)?.[1]?.trim().split(/ +/).map(Number);
  if (numbers === undefined) return undefined;
  // Guest time is in user time already.
  const total = numbers.slice(0, 8).reduce((sum, ticks) => sum + ticks, 0);
  const [, , , idle = 0, iowait = 0] = numbers;
  return { busy: total - idle - iowait, total };
}

/** The device that is mounted at a path, from /proc/mounts's text. Pure. */
export function mountedDevice(mounts: string, path: string): string | undefined {
  const lines = mounts.split("\n").map((line) => line.split(" "));
  return lines.findLast(([, at]) => at === path)?.[0];
}

/** Reads the figures; usage of the processor is that since the former reading. */
export class MetricsReader {
  readonly #places: MetricsPlaces;
  #before: CpuTicks | undefined;
  #cpuId: string | undefined;

  constructor(places: MetricsPlaces) {
    this.#places = places;
  }

  /** Never throws: what cannot be read is left out. */
  async read(): Promise<Metrics> {
    const { proc } = this.#places;
    const [meminfo = "", stat = ""] = await Promise.all([
      readText(join(proc, "meminfo")),
      readText(join(proc, "stat")),
    ]);
    const cpuId = await this.#readCpuId();
    return {
      ...memoryOf(meminfo),
      ...(await this.#storage()),
      ...this.#cpuUsage(stat),
      ...(await this.#temperature()),
      ...(cpuId === "" ? {} : { cpu_id: cpuId }),
      ...(await this.#undervoltage()),
    };
  }

  #cpuUsage(stat: string): Pick<Metrics, "cpu_usage"> {
    const now = cpuTicks(stat);
    const before = this.#before ?? { busy: 0, total: 0 };
    this.#before = now ?? this.#before;
    if (now === undefined || now.total <= before.total) return {};
    return { cpu_usage: Math.round((100 * (now.busy - before.busy)) / (now.total - before.total)) };
  }

  async #storage(): Promise<Pick<Metrics, "storage_block_device" | "storage_usage" | "storage_total">> {
    const { data, proc } = this.#places;
    try {
      const { blocks, bfree, bsize } = await statfs(data);
      const device = mountedDevice((await readText(join(proc, "self/mounts"))) ?? "", data);
      return {
        ...(device === undefined ? {} : { storage_block_device: device }),
        storage_usage: Math.round(((blocks - bfree) * bsize) / MIB),
        storage_total: Math.round((blocks * bsize) / MIB),
      };
    } catch {
      return {};
    }
  }

  /** The hottest zone: which one is the processor's has another name on every board. */
  async #temperature(): Promise<Pick<Metrics, "cpu_temp">> {
    const zones = join(this.#places.sys, "class/thermal");
    const names = (await readdir(zones).catch(() => [])).filter((name) => name.startsWith("thermal_zone"));
    const texts = await Promise.all(names.map((name) => readText(join(zones, name, "temp"))));
    const degrees = texts.flatMap((text) => (text === undefined ? [] : [Math.round(Number(text) / 1000)]));
    const sane = degrees.filter((value) => Number.isFinite(value) && value > -50 && value < 200);
    return sane.length === 0 ? {} : { cpu_temp: Math.max(...sane) };
  }

  /** The Raspberry Pi's own monitor; other boards have none. */
  async #undervoltage(): Promise<Pick<Metrics, "is_undervolted">> {
    const monitors = join(this.#places.sys, "class/hwmon");
    for (const name of await readdir(monitors).catch(() => [])) {
      if ((await readText(join(monitors, name, "name")))?.trim() !== "rpi_volt") continue;
      return { is_undervolted: (await readText(join(monitors, name, "in0_lcrit_alarm")))?.trim() === "1" };
    }
    return {};
  }

  /** Boards with a device tree have a serial number in it; empty without. It does not change while the device runs. */
  async #readCpuId(): Promise<string> {
    const text = this.#cpuId ?? (await readText(join(this.#places.proc, "device-tree/serial-number"))) ?? "";
    this.#cpuId = text.replaceAll("\0", "").trim();
    return this.#cpuId;
  }
}

/** Files of the kernel may fail to be read although they are there: a sensor that is switched off. */
async function readText(path: string): Promise<string | undefined> {
  return readIfThere(path).catch(() => undefined);
}
