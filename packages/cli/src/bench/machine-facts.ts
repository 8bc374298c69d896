import { cpus, loadavg, release, totalmem } from "node:os";
import type { BenchReport } from "./bench-report.ts";

/** What a report says about the machine that it was measured on. */
export function machineFacts(): BenchReport["machine"] {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryBytes: totalmem(),
    kernel: release(),
    loadAverage: loadavg()[0] ?? 0,
  };
}
