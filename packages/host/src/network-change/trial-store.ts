import { writeDurably } from "../machine/durable.ts";
import type { Machine } from "../machine/machine.ts";
import { parseTrial, type Trial } from "./trial.ts";

/** On resin-state: it must be there before NetworkManager is. Keyfiles hold passwords, so it is root's alone. */
export const TRIAL = "/mnt/state/network-trial.json";

export const loadTrial = (machine: Machine): Trial | undefined => parseTrial(machine.readText(TRIAL));

/** Returns after it is flushed. */
export const saveTrial = (machine: Machine, trial: Trial): void =>
  writeDurably(machine, TRIAL, `${JSON.stringify(trial)}\n`, 0o600);

/** A trial that is over needs no keyfiles any more: passwords are not kept for nothing. */
export function endTrial(machine: Machine, trial: Trial, status: "confirmed" | "reverted", reason: string): void {
  const names = (all: Trial["changes"]): Trial["changes"] =>
    Object.fromEntries(Object.keys(all).map((name) => [name, null]));
  saveTrial(machine, {
    ...{ ...trial, status, reason, former: {}, active: [], changes: names(trial.changes) },
    isBootPartitionBehind: false,
  });
}

export const bootId = (machine: Machine): string => (machine.readText("/proc/sys/kernel/random/boot_id") ?? "").trim();

/** Seconds since the boot. */
export const uptime = (machine: Machine): number => Number((machine.readText("/proc/uptime") ?? "0").split(" ")[0]);
