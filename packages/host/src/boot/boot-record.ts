import type { Machine } from "../machine/machine.ts";
import { type BootDisk, type LayoutName, labels } from "./partitions.ts";

/** What find-root learnt, for the programs after it: /run/holdfast/boot.json. */
export type BootRecord = {
  readonly disk: string;
  readonly active: "rootA" | "rootB";
  readonly rootHash: string;
  readonly hashOffset: number;
  /** Kernel names of the partitions of the boot disk. */
  readonly partitions: Readonly<Record<LayoutName, string>>;
  /** The boot is counted: its entry still has to be confirmed. */
  readonly trial: boolean;
  /** resin-state could not be mounted: /mnt/state is in memory and forgets. */
  readonly stateLost: boolean;
};

export const BOOT_RECORD = "/run/holdfast/boot.json";
/** Read by udevd of the initrd and of the system; /run survives the switch of roots. */
export const BY_STATE_RULES = "/run/udev/rules.d/70-holdfast-by-state.rules";

const layoutNames: readonly LayoutName[] = ["boot", "rootA", "rootB", "state", "data"];

/** Links below /dev/disk/by-state, bound to this disk's kernel names, which no copy of the image elsewhere can take. */
export function byStateRules(disk: BootDisk, active: "rootA" | "rootB"): string {
  const rule = (name: LayoutName): string => {
    const slot = name === "rootA" || name === "rootB";
    const use = slot ? (name === active ? "active" : "inactive") : labels[name];
    const state = slot ? `, ENV{BALENA_UPDATE_STATE}="${use}"` : "";
    return `SUBSYSTEM=="block", KERNEL=="${disk[name].name}", SYMLINK+="disk/by-state/${use}", ENV{BALENA_FS_USE}="${labels[name]}"${state}`;
  };
  return `${layoutNames.map(rule).join("\n")}\n`;
}

/** The record of this boot. @throws when find-root did not write one: the program runs outside a Holdfast device. */
export function readBootRecord(machine: Machine): BootRecord {
  const text = machine.readText(BOOT_RECORD);
  if (text === undefined) throw new Error(`${BOOT_RECORD} is missing: find-root did not run`);
  return JSON.parse(text) as BootRecord;
}
