import type { BenchAim, BenchRow } from "@holdfast/cli";
import type { CaseFigures, SupervisorFigures } from "./figures.ts";

const BARE = "bare-node";
const MB = 1e6;
/** `times`: of what the bare server takes. */
const LIMITS = {
  idleAnon: 22 * MB,
  idlePss: 66 * MB,
  updateAnon: 60 * MB,
  idleCpu: 0.5,
  bundle: 1.5 * MB,
  image: 8 * MB,
  times: 2,
};

/** The rows of `holdfast bench supervisor`, beside a bare Node HTTP server's. Pure. */
export function supervisorRows({ cases, start, crowds, bundleBytes, imageBytes }: SupervisorFigures): BenchRow[] {
  return [
    ...cases.flatMap(caseRows),
    row("start", "start-to-ping", "ms", start.ours, start.bare),
    ...crowds.map(({ services, seconds }) => row(`${services} services`, "one-change", "s", seconds)),
    row("sizes", "bundle-bytes", "B", bundleBytes),
    row("sizes", "image-bytes-beyond-node", "B", imageBytes),
  ];
}

function caseRows({ name, idle, idleCpu, updateAnon, pingP99, bare, groupPeak }: CaseFigures): BenchRow[] {
  return [
    row(name, "idle-anon-bytes", "B", idle.anon, bare.memory.anon),
    row(name, "idle-pss-bytes", "B", idle.pss, bare.memory.pss),
    row(name, "idle-cpu", "%", idleCpu),
    row(name, "update-anon-bytes", "B", updateAnon),
    row(name, "group-peak-bytes", "B", groupPeak),
    row(name, "ping-p99", "ms", pingP99, bare.pingP99),
  ];
}

/** Whether the aims hold, in the worse of the cases. Pure. */
export function supervisorAims({ cases, start, crowds, bundleBytes, imageBytes }: SupervisorFigures): BenchAim[] {
  const worst = (read: (figures: CaseFigures) => number): number => Math.max(...cases.map(read));
  const [few, many] = [crowds[0]?.seconds ?? Number.NaN, crowds.at(-1)?.seconds ?? Number.NaN];
  return [
    atMost(
      "idle anonymous memory: 22 MB",
      worst(({ idle }) => idle.anon),
      LIMITS.idleAnon,
    ),
    atMost(
      "idle PSS: 66 MB",
      worst(({ idle }) => idle.pss),
      LIMITS.idlePss,
    ),
    atMost(
      "anonymous memory at the peak of an update: 60 MB",
      worst(({ updateAnon }) => updateAnon),
      LIMITS.updateAnon,
    ),
    atMost(
      "idle CPU in percent: 0.5",
      worst(({ idleCpu }) => idleCpu),
      LIMITS.idleCpu,
    ),
    atMost(
      "p99 of /ping: twice the bare server's",
      worst(({ pingP99, bare }) => pingP99 / bare.pingP99),
      LIMITS.times,
    ),
    atMost("start to first /ping: twice the bare server's", start.ours / start.bare, LIMITS.times),
    atMost("one change of many services: twice the time of few", many / few, LIMITS.times),
    atMost("bundle: 1.5 MB", bundleBytes, LIMITS.bundle),
    atMost("image's own bytes beyond Node: 8 MB", imageBytes, LIMITS.image),
  ];
}

const atMost = (aim: string, value: number, limit: number): BenchAim => ({ aim, value, limit, holds: value <= limit });
const row = (name: string, metric: string, unit: string, ours: number, bare?: number): BenchRow => ({
  case: name,
  metric,
  unit,
  ours,
  peers: bare === undefined ? {} : { [BARE]: bare },
});
