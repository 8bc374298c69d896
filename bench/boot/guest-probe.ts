import type { BootTimes, MemoryUse } from "./figures.ts";

/** The unit of the container engine: its property says when it was ready. */
export const timesCommand = (engine: string): string =>
  [
    "systemctl show --property=InitRDTimestampMonotonic,UserspaceTimestampMonotonic,FinishTimestampMonotonic",
    `systemctl show --property=ActiveEnterTimestampMonotonic ${engine}`,
  ].join(" && ");

const MICROSECONDS = 1e6;

/** Reads what `timesCommand` printed: microseconds since the kernel started. Pure. */
export function parseTimes(text: string): BootTimes {
  const at = (property: string): number => {
    const value = new RegExp(`^${property}=(\\d+)$`, "m").exec(text)?.[1];
    if (value === undefined) throw new Error(`systemctl said nothing of ${property}: ${text}`);
    return Number(value) / MICROSECONDS;
  };
  const [initrd, userspace] = [at("InitRDTimestampMonotonic"), at("UserspaceTimestampMonotonic")];
  const [finish, engine] = [at("FinishTimestampMonotonic"), at("ActiveEnterTimestampMonotonic")];
  if (finish === 0 || engine === 0) throw new Error(`the system has not finished booting: ${text}`);
  return {
    kernel: initrd === 0 ? userspace : initrd,
    initrd: initrd === 0 ? 0 : userspace - initrd,
    userspace: finish - userspace,
    kernelToEngine: engine,
  };
}

/** Memory of the system, then a line for each process: its control group and its proportional set size in KiB. */
export const MEMORY_COMMAND = `grep -E '^Mem(Total|Available):' /proc/meminfo
for process in /proc/[0-9]*; do
  pss=$(grep '^Pss:' "$process/smaps_rollup" 2>/dev/null) || continue
  echo "process $(cat "$process/cgroup" 2>/dev/null) $pss"
done`;

/** Reads what MEMORY_COMMAND printed. Pure. */
export function parseMemory(text: string): MemoryUse {
  const kib = (name: string): number => {
    const value = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
    if (value === undefined) throw new Error(`/proc/meminfo said nothing of ${name}`);
    return Number(value);
  };
  const services = new Map<string, number>();
  for (const [, group = "", pss] of text.matchAll(/^process 0::(\S*) Pss:\s+(\d+) kB$/gm)) {
    const service = serviceOf(group);
    if (service !== undefined) services.set(service, (services.get(service) ?? 0) + Number(pss) * 1024);
  }
  return { used: (kib("MemTotal") - kib("MemAvailable")) * 1024, services };
}

/** The engine goes by other names here and there; dockerd's containerd is a service of its own on Debian. */
const ENGINE = new Set(["balena.service", "docker.service", "containerd.service"]);

/** The service that a control group belongs to; undefined for our own session. Pure. */
export function serviceOf(group: string): string | undefined {
  const parts = group.split("/").filter((part) => part !== "");
  // The measuring connection is no part of an idle system.
  if (parts.some((part) => part === "user.slice" || /^s?sh\w*@/.test(part))) return undefined;
  // The only container of an idle device.
  if (parts.some((part) => /^docker-[0-9a-f]{64}\.scope$/.test(part))) return "supervisor-container";
  const unit = parts.find((part) => part.endsWith(".service") || part.endsWith(".scope")) ?? "init.scope";
  return ENGINE.has(unit) ? "engine" : unit.replace(/\.(service|scope)$/, "");
}
