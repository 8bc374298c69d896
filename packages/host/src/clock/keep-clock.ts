import { writeDurably } from "../machine/durable.ts";
import type { Machine } from "../machine/machine.ts";
import { readSources, selectedSource } from "./chrony.ts";
import { isPlausible, planClock } from "./plan-clock.ts";
import { chipTimes, releaseTime, stepClock, systemTime } from "./system-clock.ts";
import { formatTimestamp, parseTimestamp } from "./timestamp.ts";

/** Debian's fake-hwclock keeps the same there; the folder is a state path. */
export const KEPT_TIME = "/etc/fake-hwclock/fake-hwclock.data";
/** Less is not worth a line in the journal, nor a step under the feet of what runs. */
const WORTH_SECONDS = 1;

const keptTime = (machine: Machine): number | undefined => parseTimestamp(machine.readText(KEPT_TIME) ?? "");

/**
 * At boot, before services start: the clock goes on no earlier than it stopped, with or without a clock chip. Run again
 * when a chip's driver comes late (`isLate`): the kernel then sets the clock from it, whatever it says.
 */
export function restoreClock(machine: Machine, isLate = false): number {
  const [system, release] = [systemTime(machine), releaseTime(machine)];
  // What the network says is better than any chip.
  const hasNetworkTime = isLate && selectedSource(readSources(machine)) !== undefined;
  const chips = hasNetworkTime ? [] : chipTimes(machine);
  const { time, from } = planClock({ system, release, kept: keptTime(machine), chips });
  if (Math.abs(time - system) < WORTH_SECONDS) return 0;
  if (!stepClock(machine, time)) return 1;
  const why = { release: "this release's own", kept: "what it was last", chip: "the clock chip's", system: "" }[from];
  machine.log(`the clock said ${formatTimestamp(system)} and now says ${formatTimestamp(time)}, ${why}`);
  return 0;
}

/** Hourly, at shutdown and once the network told the time. Returns after it is on flash. */
export function keepClock(machine: Machine): number {
  const now = Math.floor(systemTime(machine));
  if (!isPlausible(now, releaseTime(machine))) {
    machine.log(`the clock says ${formatTimestamp(now)}: not kept`);
    return 0;
  }
  const line = `${formatTimestamp(now)}\n`;
  if (machine.readText(KEPT_TIME) !== line) writeDurably(machine, KEPT_TIME, line);
  return 0;
}
