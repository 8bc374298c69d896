import { readJsonObject } from "./json-object.ts";

/** On the data partition, outside the supervisor's own store: deleting that loses caches only. */
export const SUPERVISOR_RECORD = "supervisor-update/record.json";

/** A supervisor other than the slot's. */
export type ChosenSupervisor = {
  readonly release: string;
  /** Config digest of its image. */
  readonly id: string;
  readonly version: string;
  /** Absolute path in the image -> SHA-256, as they were when its trial began. */
  readonly files: Readonly<Record<string, string>>;
};

export type SupervisorTrial = ChosenSupervisor & {
  readonly needsServer: boolean;
  /** Starts of this trial that have neither been confirmed nor stopped on purpose. */
  readonly starts: number;
  /** What the last of them ended with. */
  readonly reason?: string;
};

/** A release that this device does not try again until the fleet names another one. */
export type RefusedSupervisor = { readonly release: string; readonly reason: string };

/** What was decided while the slot carried this supervisor; without `confirmed` the slot's own is the former one. */
export type SupervisorChoice = {
  /** Config digest of the image that the slot carries. */
  readonly slot: string;
  readonly confirmed?: ChosenSupervisor;
  readonly trial?: SupervisorTrial;
  readonly refused?: RefusedSupervisor;
};

/** Newest first; one for each slot of a device at most. */
export type SupervisorRecord = readonly SupervisorChoice[];

const SLOTS = 2;

/** What holds for a slot; nothing was decided yet where the record does not name it. Pure. */
export const choiceFor = (record: SupervisorRecord, slot: string): SupervisorChoice =>
  record.find((choice) => choice.slot === slot) ?? { slot };

/** The record with another choice for its slot. Pure. */
export const withChoice = (record: SupervisorRecord, choice: SupervisorChoice): SupervisorRecord =>
  [choice, ...record.filter(({ slot }) => slot !== choice.slot)].slice(0, SLOTS);

export const formatSupervisorRecord = (choices: SupervisorRecord): string =>
  `${JSON.stringify({ version: 1, choices })}\n`;

/**
 * Reads a record. What cannot be understood counts as never decided: the slot's supervisor runs then, which is always
 * right. Never throws. Pure.
 */
export function parseSupervisorRecord(text: string | undefined): SupervisorRecord {
  const { version, choices } = readJsonObject(text);
  if (version !== 1 || !Array.isArray(choices)) return [];
  return choices.flatMap((value: unknown) => choiceOf(asObject(value)) ?? []).slice(0, SLOTS);
}

type Fields = Readonly<Record<string, unknown>>;
const asObject = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
const asText = (value: unknown): string => (typeof value === "string" ? value : "");

function choiceOf(fields: Fields): SupervisorChoice | undefined {
  const slot = asText(fields["slot"]);
  if (slot === "") return undefined;
  const confirmed = chosenOf(asObject(fields["confirmed"]));
  const trial = trialOf(asObject(fields["trial"]));
  const refused = refusedOf(asObject(fields["refused"]));
  return { slot, ...(confirmed && { confirmed }), ...(trial && { trial }), ...(refused && { refused }) };
}

function chosenOf(fields: Fields): ChosenSupervisor | undefined {
  const [release, id, version] = ["release", "id", "version"].map((name) => asText(fields[name]));
  if (!release || !id || !version) return undefined;
  const files = Object.entries(asObject(fields["files"])).map(([path, digest]) => [path, asText(digest)] as const);
  return { release, id, version, files: Object.fromEntries(files) };
}

function trialOf(fields: Fields): SupervisorTrial | undefined {
  const chosen = chosenOf(fields);
  const { starts, reason } = fields;
  if (chosen === undefined || typeof starts !== "number" || !Number.isInteger(starts)) return undefined;
  const told = typeof reason === "string" ? { reason } : {};
  return { ...chosen, needsServer: fields["needsServer"] === true, starts, ...told };
}

function refusedOf(fields: Fields): RefusedSupervisor | undefined {
  const release = asText(fields["release"]);
  return release === "" ? undefined : { release, reason: asText(fields["reason"]) };
}
