import type { Machine } from "../machine/machine.ts";
import { applyConfig } from "./apply-config.ts";
import { CONFIG_JSON, isLost, readChange } from "./config-file.ts";
import { parseJson } from "./json-text.ts";
import { markSeen, wasSeen } from "./seen-config.ts";

const LOOK_AGAIN_MS = 200;
/** A file that stands still that long is what its writer meant. */
const STILL_MS = 2000;
/** Changes have to be followed within 10 s, however slowly somebody writes. */
const PATIENCE_MS = 6000;
/** Somebody who writes without end is followed by the next run. */
const MOST_ROUNDS = 10;

/**
 * The file's text once it is whole. Tools write it in place, or remove it before they write it anew (`mv` across
 * filesystems), and the first of these steps wakes us already. No piece of a JSON object is one itself, so a valid text
 * is whole.
 */
function settledText(machine: Machine): string | undefined {
  const start = machine.now();
  let text = machine.readText(CONFIG_JSON);
  let since = start;
  const isWhole = (): boolean => !isLost(text) && parseJson(text).ok;
  while (!isWhole() && !wasSeen(machine, text)) {
    const now = machine.now();
    if (now - since >= STILL_MS || now - start >= PATIENCE_MS) break;
    machine.sleep(LOOK_AGAIN_MS);
    const next = machine.readText(CONFIG_JSON);
    if (next !== text) since = machine.now();
    text = next;
  }
  return text;
}

/**
 * Makes the running device follow config.json. systemd does not tell of changes while this runs: so it looks again
 * before it ends, and its unit has `lookAgain` run a few seconds later.
 * @returns 1 when the file was invalid or missing and nothing was changed.
 */
export function followConfig(machine: Machine): number {
  for (let round = 1; ; round += 1) {
    const text = settledText(machine);
    const isNew = !wasSeen(machine, text);
    if (isNew) {
      machine.log("config.json changed");
      markSeen(machine, text);
    }
    const found = readChange(machine, text, isNew ? machine.log : () => undefined);
    if (found !== undefined) applyConfig(machine, found, "change");
    if (machine.readText(CONFIG_JSON) === text || round === MOST_ROUNDS) return found === undefined ? 1 : 0;
  }
}

/** Has the file followed when it changed since somebody last looked. */
export function lookAgain(machine: Machine): number {
  if (wasSeen(machine, machine.readText(CONFIG_JSON))) return 0;
  return machine.run(["systemctl", "--no-block", "start", "config-json.service"]).status;
}
