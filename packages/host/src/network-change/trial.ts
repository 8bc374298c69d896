import type { Connections } from "@holdfast/contracts/host";
import { parseJson } from "../config/json-text.ts";
import { isObject, type Json } from "../config/keys/value-parsers.ts";

/** What was up before the change, to be brought up again. */
export type ActiveLink = { readonly uuid: string; readonly device: string };

/**
 * A change of network connections that has to prove itself. One durable file holds it, and all that is needed to undo it;
 * whatever dies meanwhile, the change ends confirmed or reverted.
 */
export type Trial = {
  readonly version: 1;
  readonly id: string;
  readonly status: "trying" | "confirmed" | "reverted";
  /** The boot that it was made in: a trial does not outlive it. */
  readonly boot: string;
  /** Seconds of this boot's uptime: a clock that nobody sets. */
  readonly until: number;
  readonly changes: Connections;
  readonly former: Connections;
  readonly active: readonly ActiveLink[];
  /** Why it ended as it did. */
  readonly reason?: string;
  /** Confirmed, but the boot partition's files of the same names, which would win at the next boot, are not yet replaced. */
  readonly isBootPartitionBehind?: boolean;
};

export type TrialFacts = {
  readonly boot: string;
  readonly uptime: number;
  /** What somebody asked for by hand. */
  readonly wish?: "confirm" | "revert";
  /** The fleet server answers over the changed connections. */
  readonly isServerReached: boolean;
};

export type Verdict = { readonly end: "confirmed" | "reverted"; readonly reason: string };

/** What becomes of a trial now; undefined: it goes on. A word of an operator counts more than the clock. Pure. */
export function judgeTrial(trial: Trial, facts: TrialFacts): Verdict | undefined {
  if (trial.status !== "trying") return undefined;
  if (trial.boot !== facts.boot) return { end: "reverted", reason: "the device restarted before it was confirmed" };
  if (facts.wish === "revert") return { end: "reverted", reason: "by hand" };
  if (facts.wish === "confirm") return { end: "confirmed", reason: "by hand" };
  if (facts.isServerReached) return { end: "confirmed", reason: "the fleet server answers" };
  if (facts.uptime >= trial.until) return { end: "reverted", reason: "nobody confirmed it in time" };
  return undefined;
}

const isConnections = (value: unknown): value is Connections =>
  isObject(value) && Object.values(value).every((text) => text === null || typeof text === "string");
const isLink = (value: unknown): value is ActiveLink =>
  isObject(value) && typeof value["uuid"] === "string" && typeof value["device"] === "string";
const textOf = (json: Json, key: string): string | undefined => {
  const value = json[key];
  return typeof value === "string" ? value : undefined;
};
const statuses = ["trying", "confirmed", "reverted"] as const;

/** Reads the durable file; undefined when it holds no trial. Never throws. */
export function parseTrial(text: string | undefined): Trial | undefined {
  const parsed = parseJson(text ?? "");
  if (!parsed.ok || !isObject(parsed.value)) return undefined;
  const json = parsed.value;
  const { changes, former, active, until } = json;
  const status = statuses.find((name) => name === json["status"]);
  const [id, boot, reason] = [textOf(json, "id"), textOf(json, "boot"), textOf(json, "reason")];
  if (json["version"] !== 1 || status === undefined || id === undefined || boot === undefined) return undefined;
  if (!isConnections(changes) || !isConnections(former) || typeof until !== "number") return undefined;
  if (!Array.isArray(active) || !active.every(isLink)) return undefined;
  return {
    ...{ version: 1, id, status, boot, until, changes, former, active },
    ...(reason === undefined ? {} : { reason }),
    ...(json["isBootPartitionBehind"] === true ? { isBootPartitionBehind: true } : {}),
  };
}
