import { isDeepStrictEqual } from "node:util";
import type { DeviceReport } from "./device-report.ts";

/** A figure counts as changed when it is in another bucket of this width (compat 5.3). */
const BUCKETS: Readonly<Record<string, number>> = { cpu_usage: 20, cpu_temp: 5, memory_usage: 10 };

/** Figures that always move: alone they are reported seldom. */
const METRICS: ReadonlySet<string> = new Set([
  "memory_usage",
  "memory_total",
  "storage_block_device",
  "storage_usage",
  "storage_total",
  "cpu_temp",
  "cpu_usage",
  "cpu_id",
  "is_undervolted",
]);

/**
 * What a report has to say after the former one: keys that changed, each with its whole value; the server keeps the rest.
 * Keys that are not there any more are not mentioned. Pure.
 */
export function reportDiff(before: DeviceReport, now: DeviceReport): DeviceReport {
  return Object.fromEntries(Object.entries(now).filter(([key, value]) => isChanged(key, entry(before, key), value)));
}

/** Whether a diff holds nothing but figures. Pure. */
export function isMetricsOnly(diff: DeviceReport): boolean {
  return Object.keys(diff).every((key) => METRICS.has(key));
}

function entry(report: DeviceReport, key: string): unknown {
  return Object.entries(report).find(([name]) => name === key)?.[1];
}

function isChanged(key: string, before: unknown, now: unknown): boolean {
  const width = BUCKETS[key];
  if (width === undefined || typeof before !== "number" || typeof now !== "number") {
    return !isDeepStrictEqual(before, now);
  }
  return Math.floor(before / width) !== Math.floor(now / width);
}
