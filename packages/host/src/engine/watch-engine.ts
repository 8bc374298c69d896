import { exists, type Machine } from "../machine/machine.ts";
import { askEngine, succeeded } from "./engine-api.ts";

const UNIT = "balena.service";
const LONGEST_PAUSE_MS = 120_000;
/** How often a loop looks whether the engine that it watches is still there. */
const LOOK_MS = 5_000;

/** Microseconds of the unit's WatchdogSec, a drop-in's included; 0 without a watchdog. */
function watchdogMicros(machine: Machine): number {
  const { output } = machine.run(["systemctl", "show", "--property=WatchdogUSec", "--value", UNIT]);
  return parseTimespan(output.trim());
}

const unitMicros: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6, min: 60e6, h: 3600e6 };

/** A time span as systemctl prints it, e.g. "6min" or "1min 30s", in microseconds; 0 for "infinity" and nonsense. */
export function parseTimespan(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(us|ms|s|min|h)\b/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMicros[unit ?? ""] ?? 0), 0);
}

function isHealthy(machine: Machine): boolean {
  const custom = machine.environment("BALENAD_HEALTHDOG_HEALTHCHECK");
  if (custom !== undefined && custom !== "") return machine.run(["sh", "-c", custom]).status === 0;
  return succeeded(askEngine(machine, { path: "/_ping", timeoutSeconds: 20 }));
}

/**
 * Feeds the engine unit's watchdog while the engine answers, as long as its process lives. Runs in the unit's control
 * group, where NotifyAccess=all lets it speak for the unit.
 */
export function watchEngine(machine: Machine, [mainPid]: readonly string[]): number {
  if (mainPid === undefined)
    throw new Error("the engine's process id is missing: ExecStartPost of the engine gives it");
  const micros = watchdogMicros(machine);
  if (micros === 0) return 0;
  const pause = Math.min(LONGEST_PAUSE_MS, micros / 1000 / 3);
  const alive = (): boolean => exists(machine, `/proc/${mainPid}`);
  while (alive()) {
    if (isHealthy(machine)) machine.run(["systemd-notify", "WATCHDOG=1"]);
    for (let waited = 0; waited < pause && alive(); waited += LOOK_MS) machine.sleep(Math.min(LOOK_MS, pause - waited));
  }
  return 0;
}
