import { CONFIG_JSON } from "../config/config-path.ts";
import { parseJson } from "../config/json-text.ts";
import { isObject } from "../config/keys/value-parsers.ts";
import { hasBootPartition } from "../connections/boot-folder.ts";
import type { Machine } from "../machine/machine.ts";
import { activeLinks, bringBack, bringUp, reload, uuidsOf, writeBootFiles, writeFiles } from "./connection-files.ts";
import { judgeTrial, type Trial, type TrialFacts } from "./trial.ts";
import { bootId, endTrial, loadTrial, saveTrial, uptime } from "./trial-store.ts";

/** What somebody asks for by hand: `<id> confirm` or `<id> revert`. */
export const WISH = "/run/holdfast/network-wish";
const LOOK_MS = 1000;
/** The server is asked this often, and has this long to answer. */
const SERVER_EVERY_SECONDS = 5;
const SERVER_PATIENCE_SECONDS = 8;
const ACTIVATION_SECONDS = 30;

function wishFor(machine: Machine, { id }: Trial): TrialFacts["wish"] {
  const wish = (machine.readText(WISH) ?? "").trim();
  if (wish === `${id} confirm`) return "confirm";
  return wish === `${id} revert` ? "revert" : undefined;
}

function apiEndpoint(machine: Machine): string | undefined {
  const parsed = parseJson(machine.readText(CONFIG_JSON) ?? "");
  const value = parsed.ok && isObject(parsed.value) ? parsed.value["apiEndpoint"] : undefined;
  return typeof value === "string" && /^https?:\/\/[^\s"'\\]+$/.test(value) ? value : undefined;
}

/** Every changed connection is up, and the fleet server answers. Another link alone proves nothing about the change. */
function isServerReached(machine: Machine, trial: Trial): boolean {
  const endpoint = apiEndpoint(machine);
  if (endpoint === undefined) return false;
  const names = Object.keys(trial.changes).filter((name) => trial.changes[name] !== null);
  const up = new Set(activeLinks(machine).map(({ uuid }) => uuid));
  const wanted = uuidsOf(machine, names);
  if (wanted.length < names.length || !wanted.every((uuid) => up.has(uuid))) return false;
  const request = ["--silent", "--fail", "--output", "/dev/null", "--max-time", String(SERVER_PATIENCE_SECONDS)];
  return machine.run(["curl", ...request, `${endpoint.replace(/\/+$/, "")}/ping`], { quiet: true }).status === 0;
}

function carryOut(machine: Machine, trial: Trial): void {
  writeFiles(machine, trial.changes);
  reload(machine);
  const names = Object.keys(trial.changes).filter((name) => trial.changes[name] !== null);
  for (const uuid of uuidsOf(machine, names)) {
    const left = Math.floor(trial.until - uptime(machine));
    if (left <= 0 || wishFor(machine, trial) === "revert") return;
    const isUp = bringUp(machine, uuid, Math.min(left, ACTIVATION_SECONDS));
    if (!isUp) machine.log(`connection ${uuid} does not come up`);
  }
}

/** The boot partition follows a confirmed change; with it, the trial is over. */
function finishConfirmed(machine: Machine, trial: Trial): void {
  writeBootFiles(machine, trial.changes);
  endTrial(machine, trial, "confirmed", trial.reason ?? "by hand");
}

function confirm(machine: Machine, trial: Trial, reason: string): void {
  // From here on it is not reverted; what is left to do is done again after a power cut.
  const confirmed: Trial = { ...trial, status: "confirmed", reason, isBootPartitionBehind: true };
  saveTrial(machine, confirmed);
  finishConfirmed(machine, confirmed);
}

/** Done again from its start if anything dies meanwhile. */
function revert(machine: Machine, trial: Trial, reason: string): void {
  writeFiles(machine, trial.former);
  reload(machine);
  bringBack(machine, trial.active);
  endTrial(machine, trial, "reverted", reason);
}

/**
 * Carries a trial out and watches over it until it has ended. It can die at any point and is started again.
 * @returns the exit status
 */
export function runTrial(machine: Machine): number {
  const trial = loadTrial(machine);
  if (trial?.status === "confirmed" && trial.isBootPartitionBehind === true) finishConfirmed(machine, trial);
  if (trial?.status !== "trying") return 0;
  machine.log(`trying a change of ${Object.keys(trial.changes).join(", ")}`);
  if (trial.boot === bootId(machine)) carryOut(machine, trial);
  let askAt = 0;
  for (;;) {
    const now = uptime(machine);
    const isReached = now >= askAt && isServerReached(machine, trial);
    if (now >= askAt) askAt = uptime(machine) + SERVER_EVERY_SECONDS;
    const wish = wishFor(machine, trial);
    const facts: TrialFacts = { boot: bootId(machine), uptime: uptime(machine), isServerReached: isReached };
    const verdict = judgeTrial(trial, wish === undefined ? facts : { ...facts, wish });
    if (verdict !== undefined) {
      if (verdict.end === "confirmed") confirm(machine, trial, verdict.reason);
      else revert(machine, trial, verdict.reason);
      machine.log(`the change is ${verdict.end}: ${verdict.reason}`);
      return 0;
    }
    machine.sleep(LOOK_MS);
  }
}

/**
 * At boot, before NetworkManager and before the boot partition's connections are copied: a change that nobody confirmed is
 * undone, one that was is finished.
 * @returns the exit status
 */
export function settleAtBoot(machine: Machine): number {
  const trial = loadTrial(machine);
  if (trial?.status === "confirmed" && trial.isBootPartitionBehind === true && hasBootPartition(machine))
    finishConfirmed(machine, trial);
  if (trial?.status !== "trying") return 0;
  const verdict = judgeTrial(trial, { boot: bootId(machine), uptime: uptime(machine), isServerReached: false });
  // Started by hand in the same boot: the trial's own unit has it.
  if (verdict?.end !== "reverted" || trial.boot === bootId(machine)) return 0;
  writeFiles(machine, trial.former);
  endTrial(machine, trial, "reverted", verdict.reason);
  machine.log(`the network's former connections are back: ${verdict.reason}`);
  return 0;
}
