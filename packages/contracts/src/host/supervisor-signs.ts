import { readJsonObject } from "./json-object.ts";

/** Where the supervisor says how it is, in the directory in memory that it shares with the host. */
export const SUPERVISOR_SIGNS = "supervisor-signs.json";

/**
 * `none`: the device has no fleet server. `silent`: nothing was heard of it. `answers`: it answers, with errors only.
 * `serves`: it did at least once what it was asked for.
 */
export type ServerContact = "none" | "silent" | "answers" | "serves";
const CONTACTS: readonly ServerContact[] = ["none", "silent", "answers", "serves"];

/** What a supervisor says of itself, for the host that has it on trial. */
export type SupervisorSigns = {
  /** Config digest of the image that says so. */
  readonly id: string;
  /** It has looked at the engine, and could make something of it. */
  readonly hasLooked: boolean;
  readonly server: ServerContact;
};

export const formatSupervisorSigns = (signs: SupervisorSigns): string => `${JSON.stringify(signs)}\n`;

/** Undefined while nothing was said that can be understood. Never throws. Pure. */
export function parseSupervisorSigns(text: string | undefined): SupervisorSigns | undefined {
  const { id, hasLooked, server } = readJsonObject(text);
  const contact = CONTACTS.find((known) => known === server);
  if (typeof id !== "string" || typeof hasLooked !== "boolean" || contact === undefined) return undefined;
  return { id, hasLooked, server: contact };
}
