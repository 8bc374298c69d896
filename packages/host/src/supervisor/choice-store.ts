import {
  choiceFor,
  formatSupervisorRecord,
  parseSupervisorRecord,
  SUPERVISOR_RECORD,
  type SupervisorChoice,
  type SupervisorRecord,
  withChoice,
} from "@holdfast/contracts/host";
import { writeDurably } from "../machine/durable.ts";
import { exists, type Machine } from "../machine/machine.ts";

const RECORD = `/mnt/data/${SUPERVISOR_RECORD}`;

/** What was decided under this slot and the other one; what cannot be read counts as nothing. */
export function readRecord(machine: Machine): SupervisorRecord {
  const record = parseSupervisorRecord(machine.readText(RECORD));
  if (record.length === 0 && exists(machine, RECORD))
    machine.log(`${RECORD} cannot be used: the slot's supervisor it is`);
  return record;
}

export const readChoice = (machine: Machine, slot: string): SupervisorChoice => choiceFor(readRecord(machine), slot);

/** Returns true when the choice is on the disk; what cannot be written (a full disk) is said in the journal. */
export function keepChoice(machine: Machine, choice: SupervisorChoice): boolean {
  const record = readRecord(machine);
  const next = formatSupervisorRecord(withChoice(record, choice));
  if (next === formatSupervisorRecord(record)) return true;
  const isEmpty = choice.confirmed === undefined && choice.trial === undefined && choice.refused === undefined;
  if (isEmpty && !record.some(({ slot }) => slot === choice.slot)) return true;
  try {
    writeDurably(machine, RECORD, next);
    return true;
  } catch (error) {
    machine.log(`${RECORD} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}
