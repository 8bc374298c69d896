import { known } from "../facts/fact.ts";
import { type Check, defineCheck, listed } from "../finding.ts";

const MIB = 1024 * 1024;
/** The kernel reclaims what it can before that. */
const LOW_SHARE = 0.05;

const memory = defineCheck({
  name: "system.memory",
  means: "memory has not run out since the boot",
  troubles: {
    "system.memory-ran-out": {
      level: "warning",
      means: "the kernel has killed processes since the boot, because memory had run out",
      todo: "Give apps a limit (mem_limit) or less to do; journalctl -k shows what used the memory",
    },
    "system.memory-low": {
      level: "warning",
      means: "less than 5 % of the memory is available",
      todo: "docker stats --no-stream shows which container uses it",
    },
  },
  judge: ({ memory: fact }) => {
    const { kills, killed, availableBytes, totalBytes } = known(fact);
    const says = `${Math.floor(availableBytes / MIB)} of ${Math.floor(totalBytes / MIB)} MiB available`;
    if (kills > 0) {
      const names = killed.length === 0 ? "" : `: ${listed(killed)}`;
      return { code: "system.memory-ran-out", what: `${kills} processes were killed${names}; ${says}` };
    }
    return availableBytes < totalBytes * LOW_SHARE ? { code: "system.memory-low", what: says } : { ok: says };
  },
});

const units = defineCheck({
  name: "system.units",
  means: "no unit has failed",
  troubles: {
    "system.failed-units": {
      level: "failure",
      means: "units of the system have failed",
      todo: "systemctl status NAME and journalctl -u NAME show why; systemctl reset-failed forgets them",
    },
  },
  judge: ({ failedUnits }) => {
    const failed = known(failedUnits);
    return failed.length === 0
      ? { ok: "none failed" }
      : { code: "system.failed-units", what: `failed: ${listed(failed)}` };
  },
});

/** Below the board's own limit, which switches it off. */
const MARGIN_DEGREES = 5;
/** Firmware that names a lower limit than any board has makes it up. */
const LEAST_LIMIT_DEGREES = 70;
/** Most boards slow down about there. */
const HOT_DEGREES = 85;

const heat = defineCheck({
  name: "system.heat",
  means: "the board is neither hot nor slowed, and its power supply is strong enough, as far as it tells",
  troubles: {
    "system.overheating": {
      level: "failure",
      means: "the board is within 5 degrees of switching itself off",
      todo: "Cool it: air, a heat sink, less load",
    },
    "system.hot": {
      level: "warning",
      means: "the board has 85 °C or more, or its processor is slowed because of its heat",
      todo: "Cool it: air, a heat sink, less load",
    },
    "system.power-low": {
      level: "warning",
      means: "the power supply gives too little voltage",
      todo: "Take a stronger power supply and a shorter cable",
    },
  },
  judge: ({ heat: fact }) => {
    const { zones, slowed, isPowerLow } = known(fact);
    const hottest = zones.toSorted((a, b) => b.degrees - a.degrees)[0];
    const near = zones.find(
      ({ degrees, critical = 0 }) => critical >= LEAST_LIMIT_DEGREES && degrees >= critical - MARGIN_DEGREES,
    );
    const shown = (zone: (typeof zones)[number]): string => `${zone.name} has ${Math.round(zone.degrees)} °C`;
    if (near !== undefined) return { code: "system.overheating", what: shown(near) };
    if (hottest !== undefined && hottest.degrees >= HOT_DEGREES) return { code: "system.hot", what: shown(hottest) };
    if (slowed.length > 0) return { code: "system.hot", what: `slowed: ${listed(slowed)}` };
    if (isPowerLow) return { code: "system.power-low", what: "the board reports too little voltage" };
    return { ok: hottest === undefined ? "the board does not tell" : shown(hottest) };
  },
});

export const systemChecks: readonly Check[] = [memory, units, heat];
