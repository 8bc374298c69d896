import { z } from "zod";

const rowSchema = z.object({
  case: z.string(),
  metric: z.string(),
  unit: z.string(),
  ours: z.number(),
  peers: z.record(z.string(), z.number()),
});

const aimSchema = z.object({ aim: z.string(), value: z.number(), limit: z.number(), holds: z.boolean() });

/** What `holdfast bench NAME --json` prints. Names of metrics, cases and peers are stable words. */
export const benchReportSchema = z.object({
  name: z.string(),
  machine: z.object({
    cpu: z.string(),
    cores: z.number(),
    memoryBytes: z.number(),
    kernel: z.string(),
    /** Of the minute before the benchmark: what else the machine was doing. */
    loadAverage: z.number(),
  }),
  rows: z.array(rowSchema),
  aims: z.array(aimSchema),
  /** Peers that could not run, with the reason. */
  missing: z.record(z.string(), z.string()),
});

export type BenchReport = z.output<typeof benchReportSchema>;
export type BenchRow = z.output<typeof rowSchema>;
export type BenchAim = z.output<typeof aimSchema>;
