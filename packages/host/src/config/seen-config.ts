import { fingerprint } from "../engine/fnv64.ts";
import { exists, type Machine } from "../machine/machine.ts";

/** Which config.json this boot has followed, or reported. Not the text: there are secrets in it. */
const SEEN = "/run/holdfast/config-seen";

export const wasSeen = (machine: Machine, text: string | undefined): boolean =>
  machine.readText(SEEN) === fingerprint(text ?? "");

export function markSeen(machine: Machine, text: string | undefined): void {
  machine.makeDirectory("/run/holdfast");
  machine.writeText(SEEN, fingerprint(text ?? ""), 0o600);
}

/** Whether this boot has followed any configuration yet. */
export const sawAny = (machine: Machine): boolean => exists(machine, SEEN);
