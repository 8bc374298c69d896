import { HoldfastError, parseWire, refuse, type TargetStateV3, targetStateV3 } from "@holdfast/contracts";
import { parseBoundedJson } from "../http/bounded-json.ts";
import { type CloudAnswer, MAX_ANSWER } from "../http/cloud-http.ts";
import { serverRefusal } from "../http/server-refusal.ts";

/** What the fleet wants of one device. */
export type FleetTarget = TargetStateV3[string];

/** A release that was in a target which could not be taken, as far as its numbers can be read. */
export type RefusedRelease = { readonly app: string; readonly commit: string };

export type TargetAnswer =
  | { readonly kind: "target"; readonly target: FleetTarget }
  | { readonly kind: "unchanged" }
  /** Malformed: refused as a whole. */
  | { readonly kind: "refused"; readonly reason: string; readonly releases: readonly RefusedRelease[] };

/** Fleets number apps and releases like this; what looks otherwise is not repeated to the server. */
const NUMBER = /^[0-9a-f]{32,64}$/;

/**
 * Understands the answer to GET /device/v3/<uuid>/state (compat 5.2). Pure.
 * @throws HoldfastError of the world when it is no answer to that question: try again.
 */
export function readTargetAnswer(answer: CloudAnswer, uuid: string, askedWithEtag: boolean): TargetAnswer {
  // To a device that it has deleted or frozen a server says 304 unasked: such a one must wait, not lose its apps.
  if (answer.status === 304 && askedWithEtag) return { kind: "unchanged" };
  if (answer.status !== 200) throw serverRefusal("The target state cannot be fetched", answer);
  let document: unknown;
  try {
    if (answer.isTooLarge) tooLarge();
    document = parseBoundedJson(answer.body);
    const target = parseWire(targetStateV3, document, "The target state")[uuid];
    return target === undefined ? refused("It is not for this device", document) : { kind: "target", target };
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.family !== "refusal") throw error;
    return refused(error.message, document);
  }
}

function tooLarge(): never {
  return refuse("supervisor.invalid-target", { message: `The target state exceeds ${MAX_ANSWER / 1024 / 1024} MiB.` });
}

function refused(reason: string, document: unknown): TargetAnswer {
  return { kind: "refused", reason, releases: releasesIn(document) };
}

/** Looks for releases in a document of unknown shape. */
function releasesIn(document: unknown): RefusedRelease[] {
  return entriesOf(document).flatMap(([, device]) =>
    entriesOf(device, "apps").flatMap(([app, value]) =>
      entriesOf(value, "releases").flatMap(([commit]) =>
        NUMBER.test(app) && NUMBER.test(commit) ? [{ app, commit }] : [],
      ),
    ),
  );
}

/** The members of an object, or of the object under a key of it. */
function entriesOf(value: unknown, key?: string): [string, unknown][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  const entries = Object.entries(value);
  return key === undefined ? entries : entriesOf(entries.find(([name]) => name === key)?.[1]);
}
