import type { Machine } from "../machine/machine.ts";
import { askWebTime } from "./ask-web-time.ts";
import { readSources, selectedSource } from "./chrony.ts";
import { keepClock } from "./keep-clock.ts";
import { isPlausible } from "./plan-clock.ts";
import { releaseTime, stepClock, systemTime } from "./system-clock.ts";
import { formatTimestamp } from "./timestamp.ts";

/** A date has whole seconds, and took its way: a smaller difference says nothing. */
const WORTH_SECONDS = 2;
/** Then it gives up: the next link that comes up, or the watch over chronyd, starts it again. */
const PAUSES_SECONDS = [2, 4, 8, 16, 32, 64];

/** Acts on a time from the network. Forward only: whoever sits between could lie about the past. */
function follow(machine: Machine, time: number): number {
  const now = systemTime(machine);
  if (time - now <= WORTH_SECONDS) return 0;
  if (!isPlausible(time, releaseTime(machine))) {
    machine.log(`the connectivity check says ${formatTimestamp(time)}: not believed`);
    return 0;
  }
  if (!stepClock(machine, time)) return 1;
  machine.log(`the connectivity check set the clock from ${formatTimestamp(now)} to ${formatTimestamp(time)}`);
  return keepClock(machine);
}

/**
 * The time by the web where NTP is blocked, and before NTP has answered: certificates need it. Ends at the first answer,
 * as soon as chronyd follows a source, or after two minutes without either.
 */
export function followWebTime(machine: Machine): number {
  for (let attempt = 0; ; attempt += 1) {
    if (selectedSource(readSources(machine)) !== undefined) return 0;
    const answer = askWebTime(machine);
    if (answer.ok) return follow(machine, answer.time);
    const pause = PAUSES_SECONDS[attempt];
    if (answer.isFinal || pause === undefined) {
      if (!answer.isFinal) machine.log(`no time from the connectivity check: ${answer.reason}`);
      return 0;
    }
    machine.sleep(pause * 1000);
  }
}
