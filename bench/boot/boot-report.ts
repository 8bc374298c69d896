import type { BenchRow } from "@holdfast/cli";
import type { BootTimes, OurSystem, SystemFigures } from "./figures.ts";

const DEBIAN = "debian";
/** A service smaller than this is not worth a line. */
const SMALLEST_SERVICE = 256 * 1024;

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
    row("idle", "memory-used", "B", ours.memory.used, debian?.memory.used),
    row("idle", "processes-pss", "B", sum(ours), debian === undefined ? undefined : sum(debian)),
    ...services(ours, debian),
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

const sum = ({ memory }: SystemFigures): number => [...memory.services.values()].reduce((all, one) => all + one, 0);

const row = (name: string, metric: string, unit: string, ours: number, debian?: number): BenchRow => ({
  ...{ case: name, metric, unit, ours },
  peers: debian === undefined ? {} : { [DEBIAN]: debian },
});
