import { alignColumns } from "../output/align-columns.ts";
import type { BenchReport } from "./bench-report.ts";

/** A benchmark as people read it: one row per case and metric, a column per peer with the ratio, then the aims. */
export function renderBench(report: BenchReport): string {
  const peers = [...new Set(report.rows.flatMap((row) => Object.keys(row.peers)))];
  const rows = report.rows.map((row) => [
    row.case,
    row.metric,
    row.unit,
    figure(row.ours),
    ...peers.flatMap((peer) => ratio(row.ours, row.peers[peer])),
  ]);
  const header = ["case", "metric", "unit", "ours", ...peers.flatMap((peer) => [peer, "ratio"])];
  const aims = report.aims.map((aim) => [
    aim.holds ? "holds" : "MISSED",
    aim.aim,
    figure(aim.value),
    `limit ${figure(aim.limit)}`,
  ]);
  const missing = Object.entries(report.missing).map(([peer, reason]) => `${peer} was not measured: ${reason}`);
  const { cpu, cores, kernel, loadAverage } = report.machine;
  return [
    `${report.name} on ${cores} x ${cpu}, Linux ${kernel}, load average ${figure(loadAverage)} before`,
    alignColumns(rows, header),
    alignColumns(aims),
    missing.join("\n"),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** How many times the peer's figure ours is. */
function ratio(ours: number, peer: number | undefined): string[] {
  if (peer === undefined) return ["-", "-"];
  return [figure(peer), peer === 0 ? "-" : `${(ours / peer).toFixed(2)} x`];
}

const figure = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 1));
