import type { Machine } from "../machine/machine.ts";
import { isSame } from "./boot-folder.ts";
import { followBootPartition, type Look, look, wasSeen } from "./copy-connections.ts";

const LOOK_AGAIN_MS = 1000;
/** Somebody who copies that slowly is followed by a later run. */
const MOST_LOOKS = 10;

/** What is in the folders once nobody writes to them any more. */
function settled(machine: Machine): Look {
  let seen = look(machine);
  for (let round = 1; round < MOST_LOOKS; round += 1) {
    machine.sleep(LOOK_AGAIN_MS);
    const next = look(machine);
    const isStill = isSame(seen.connections, next.connections) && isSame(seen.programs, next.programs);
    seen = next;
    if (isStill) break;
  }
  return seen;
}

/**
 * Makes the running device follow its boot partition. systemd does not tell of changes while this runs: its unit has
 * `lookAgain` run a few seconds later.
 */
export function followConnections(machine: Machine): number {
  if (!wasSeen(machine, look(machine))) followBootPartition(machine, settled(machine));
  return 0;
}

/** Has the folders followed when they changed since somebody last looked. */
export function lookAgain(machine: Machine): number {
  if (wasSeen(machine, look(machine))) return 0;
  return machine.run(["systemctl", "--no-block", "start", "holdfast-connections.service"]).status;
}
