import type { Machine } from "../machine/machine.ts";

/** Its modification time is the release's; PID 1 starts no earlier, either. */
export const RELEASE = "/usr/lib/clock-epoch";
const CHIPS = "/sys/class/rtc";

/** Seconds since 1970, by the system's clock. */
export const systemTime = (machine: Machine): number => machine.wallClock() / 1000;

/** When this release was made, in seconds since 1970. @throws when the slot does not tell */
export function releaseTime(machine: Machine): number {
  const { status, output } = machine.run(["stat", "--format=%Y", RELEASE]);
  const seconds = Number(output.trim());
  if (status !== 0 || !(seconds > 0)) throw new Error(`${RELEASE}: its time cannot be read`);
  return seconds;
}

/** What each clock chip says; one that cannot be read says nothing. */
export function chipTimes(machine: Machine): readonly number[] {
  return (machine.list(CHIPS) ?? [])
    .map((name) => Number((machine.readText(`${CHIPS}/${name}/since_epoch`) ?? "").trim()))
    .filter((seconds) => seconds > 0);
}

/** Steps the system's clock. @returns whether it could be done */
export const stepClock = (machine: Machine, seconds: number): boolean =>
  machine.run(["date", "--utc", `--set=@${seconds}`]).status === 0;
