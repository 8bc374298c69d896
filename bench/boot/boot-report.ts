import type { BenchAim, BenchRow } from "@holdfast/cli";
import type { BootTimes, OurSystem, SystemFigures } from "./figures.ts";

const DEBIAN = "debian";
/** A service smaller than this is not worth a line. */
const SMALLEST_SERVICE = 256 * 1024;
/** Of a boot's time, in percent; and bytes of idle host services. */
const HOST_PROGRAMS_LIMIT = 3;
const HOST_SERVICES_LIMIT = 60e6;
/** What is idle besides them: dockerd with containerd and shims; the supervisor in its container, and the unit that minds it. */
const NO_HOST_SERVICES: readonly string[] = ["engine", "supervisor-container", "balena-supervisor"];

const times: readonly (readonly [metric: string, read: (times: BootTimes) => number])[] = [
  ["kernel", ({ kernel }) => kernel],
  ["initrd", ({ initrd }) => initrd],
  ["userspace", ({ userspace }) => userspace],
  ["kernel-to-engine", ({ kernelToEngine }) => kernelToEngine],
];

/** The rows of `holdfast bench boot`: ours beside stock Debian. What only Debian runs has 0 on our side. Pure. */
export function bootRows(ours: OurSystem, debian: SystemFigures | undefined): BenchRow[] {
  return [
    ...bootTimes("first-boot", ours.firstBoot, debian?.firstBoot),
    row("first-boot", "kernel-to-ping", "s", ours.firstPing),
    ...bootTimes("boot", ours.laterBoot, debian?.laterBoot),
    row("boot", "kernel-to-ping", "s", ours.laterPing),
    ...hostPrograms(ours),
    row("idle", "memory-used", "B", ours.memory.used, debian?.memory.used),
    row("idle", "processes-pss", "B", sum(ours), debian === undefined ? undefined : sum(debian)),
    row("idle", "host-services-pss", "B", hostServices(ours)),
    ...services(ours, debian),
  ];
}

/** Whether the aims of the issue hold; a figure that could not be had has none. Pure. */
export function bootAims(ours: OurSystem): BenchAim[] {
  const share = criticalShare(ours);
  return [
    ...(share === undefined
      ? []
      : [atMost("host programs in percent of the boot's critical path: 3", share, HOST_PROGRAMS_LIMIT)]),
    atMost("idle host services without engine and supervisor: 60 MB", hostServices(ours), HOST_SERVICES_LIMIT),
  ];
}

const atMost = (aim: string, value: number, limit: number): BenchAim => ({ aim, value, limit, holds: value <= limit });
const total = (counts: Iterable<number>): number => [...counts].reduce((all, one) => all + one, 0);

const hostServices = ({ memory }: SystemFigures): number =>
  total([...memory.services].filter(([name]) => !NO_HOST_SERVICES.includes(name)).map(([, size]) => size));

/** What host programs took of the later boot, from its kernel's start to its last job, in percent. */
function criticalShare({ hostPrograms: programs, laterBoot }: OurSystem): number | undefined {
  if (typeof programs === "string") return undefined;
  return (100 * total(programs.values())) / (laterBoot.kernel + laterBoot.initrd + laterBoot.userspace);
}

function hostPrograms(ours: OurSystem): BenchRow[] {
  const share = criticalShare(ours);
  if (share === undefined || typeof ours.hostPrograms === "string") return [];
  const longest = [...ours.hostPrograms].sort(([, a], [, b]) => b - a);
  return [
    row("boot", "host-programs-share", "%", share),
    ...longest.map(([name, seconds]) => row(name, "critical-path", "s", seconds)),
  ];
}

function bootTimes(name: string, ours: BootTimes, debian: BootTimes | undefined): BenchRow[] {
  return times.map(([metric, read]) =>
    row(name, metric, "s", read(ours), debian === undefined ? undefined : read(debian)),
  );
}

function services(ours: SystemFigures, debian: SystemFigures | undefined): BenchRow[] {
  const theirs = debian?.memory.services ?? new Map<string, number>();
  const size = (name: string): number => Math.max(ours.memory.services.get(name) ?? 0, theirs.get(name) ?? 0);
  return [...new Set([...ours.memory.services.keys(), ...theirs.keys()])]
    .filter((name) => size(name) >= SMALLEST_SERVICE)
    .sort((a, b) => size(b) - size(a) || (a < b ? -1 : 1))
    .map((name) => row(name, "pss", "B", ours.memory.services.get(name) ?? 0, theirs.get(name)));
}

const sum = ({ memory }: SystemFigures): number => total(memory.services.values());

const row = (name: string, metric: string, unit: string, ours: number, debian?: number): BenchRow => ({
  ...{ case: name, metric, unit, ours },
  peers: debian === undefined ? {} : { [DEBIAN]: debian },
});
