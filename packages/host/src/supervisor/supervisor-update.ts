import {
  parseSupervisorWish,
  SUPERVISOR_WISH,
  type SupervisorChoice,
  type SupervisorRecord,
} from "@holdfast/contracts/host";
import { exists, type Machine } from "../machine/machine.ts";
import { keepChoice, readChoice, readRecord } from "./choice-store.ts";
import { decideStart, refuseTrial, type Start, withoutTrial } from "./decide-start.ts";
import { lookAtImage } from "./look-at-image.ts";
import type { SupervisorManifest } from "./supervisor-manifest.ts";

const WISH = `/mnt/data/resin-data/balena-supervisor/${SUPERVISOR_WISH}`;
const OS_TRIAL_MARKS = ["rollback-health-breadcrumb", "rollback-altboot-breadcrumb"];

/** The wish as text, so that the same one is heeded once only; undefined while the OS itself is on trial. */
export function readWish(machine: Machine): string | undefined {
  return isOsOnTrial(machine) ? undefined : machine.readText(WISH);
}

export const isOsOnTrial = (machine: Machine): boolean =>
  OS_TRIAL_MARKS.some((name) => exists(machine, `/mnt/state/${name}`));

/**
 * Decides which supervisor is started and writes it down before. What cannot be written is not tried: the former one
 * runs then, as if there were no wish.
 */
export function beginStart(machine: Machine, manifest: SupervisorManifest, wishText: string | undefined): Start {
  const choice = readChoice(machine, manifest.id);
  const wish = parseSupervisorWish(wishText);
  const paths = Object.keys(manifest.files);
  const facts = {
    slot: manifest.id,
    isOsOnTrial: isOsOnTrial(machine),
    look: (id: string, files?: Readonly<Record<string, string>>) => lookAtImage(machine, id, { paths, files }),
  };
  if (wishText !== undefined && wish === undefined) machine.log(`${WISH} cannot be understood: nothing changes`);
  const start = decideStart(choice, { ...facts, wish });
  const isWritten = keepChoice(machine, start.choice);
  if (start.dropWish) machine.remove(WISH);
  if (!isWritten) return decideStart(withoutTrial(choice), { ...facts, wish: undefined });
  tell(machine, choice, start.choice);
  return start;
}

function tell(machine: Machine, before: SupervisorChoice, { trial, refused, confirmed }: SupervisorChoice): void {
  if (trial !== undefined) machine.log(`supervisor ${trial.version} is on trial, start ${trial.starts}`);
  if (refused !== undefined && refused.release !== before.refused?.release)
    machine.log(`supervisor release ${refused.release} is refused: ${refused.reason}`);
  if (before.confirmed !== undefined && confirmed === undefined)
    machine.log(`supervisor ${before.confirmed.version} is not whole any more: the slot's it is`);
}

/** Remembers what a start of the trial ended with: the reason, should it have been the last. */
export function noteTrialEnd(machine: Machine, slot: string, reason: string): void {
  const choice = readChoice(machine, slot);
  if (choice.trial !== undefined) keepChoice(machine, { ...choice, trial: { ...choice.trial, reason } });
}

/** The trial went well until somebody stopped it, or it waits for its server: its starts do not count. */
export function forgiveStarts(machine: Machine, slot: string): void {
  const choice = readChoice(machine, slot);
  if (choice.trial === undefined) return;
  const { reason: _, ...trial } = choice.trial;
  keepChoice(machine, { ...choice, trial: { ...trial, starts: 0 } });
}

/** The trial's release is not run again until the fleet names another one; returns when that is on the disk, or said. */
export function refuse(machine: Machine, slot: string, reason: string): void {
  machine.log(`the supervisor on trial is refused: ${reason}`);
  keepChoice(machine, refuseTrial(readChoice(machine, slot), reason));
}

/** Images that may have to run again, whichever slot is booted: of the record, and of a wish that is not heeded yet. */
export function neededImages(machine: Machine, running: string): readonly string[] {
  const record: SupervisorRecord = readRecord(machine);
  const chosen = record.flatMap(({ confirmed, trial }) => [confirmed, trial].flatMap((one) => one?.id ?? []));
  const wished = parseSupervisorWish(machine.readText(WISH));
  return [running, ...chosen, ...(wished === undefined ? [] : [wished.id])];
}
