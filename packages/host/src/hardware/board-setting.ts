import { exists, type Machine } from "../machine/machine.ts";

/** Programs of the board's family, one per setting; each is called with the value. */
const PROGRAMS = "/usr/lib/holdfast/board";

/** Has the board's program carry out a setting, e.g. `fan-profile`, whose value lies in /run/holdfast. */
export function applyBoardSetting(machine: Machine, setting: string | undefined): number {
  if (setting === undefined) throw new Error("usage: board-setting NAME");
  const value = machine.readText(`/run/holdfast/${setting}`)?.trim();
  if (value === undefined || value === "") return 0;
  const program = `${PROGRAMS}/${setting}`;
  if (!exists(machine, program)) {
    machine.log(`${setting} ${value}: not supported on this board`);
    return 0;
  }
  const { status } = machine.run([program, value]);
  machine.log(
    status === 0 ? `${setting} ${value} is set` : `${setting} ${value}: ${program} ended with status ${status}`,
  );
  return status;
}
