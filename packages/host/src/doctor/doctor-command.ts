import type { Machine } from "../machine/machine.ts";
import { diagnose } from "./diagnose.ts";
import { collectFacts } from "./facts/collect-facts.ts";
import { renderReport } from "./render-report.ts";

const usage = "Usage: holdfast doctor [--json]    checks this device: what is wrong, and what to do about it";

/**
 * `holdfast doctor` on the device.
 * @returns the exit status: 1 when something failed, 2 for a wrong command line
 */
export function doctorCommand(machine: Machine, args: readonly string[], isTerminal: boolean): number {
  if (args.some((word) => word !== "--json")) {
    machine.log(usage);
    return 2;
  }
  const report = diagnose(collectFacts(machine));
  const isColoured = isTerminal && machine.environment("NO_COLOR") === undefined;
  machine.log(args.length > 0 ? JSON.stringify(report) : renderReport(report, isColoured));
  return report.level === "failure" ? 1 : 0;
}
