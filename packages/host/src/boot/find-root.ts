import { exists, type Machine } from "../machine/machine.ts";
import { BOOT_RECORD, type BootRecord, BY_STATE_RULES, byStateRules } from "./boot-record.ts";
import { EFIVARS, readLoaderVariable } from "./efi-variable.ts";
import { readFirmwarePath } from "./firmware-path.ts";
import { giveUp } from "./give-up.ts";
import { mountState } from "./mount-state-partition.ts";
import { openSlot } from "./open-slot.ts";
import { verityTargetOf } from "./parse-cmdline.ts";
import { type BootDisk, chooseBootDisk, type LoaderWord, readPartitions } from "./partitions.ts";

/** As systemd waits for devices. A slow machine that loads drivers took more than 30 s, and then rebooted for nothing. */
const DISK_PATIENCE_MS = 90_000;
/**
 * How long a better match than the first may take to appear: disks are probed side by side, and USB's come late, 17 s
 * after others on a busy emulated machine. Without a path to match, nothing can be better than what is there soon.
 */
const BETTER_PATIENCE_MS = { withPath: 30_000, withoutPath: 5_000 } as const;
/** Half of it is how late the disk is seen, on average; a look costs a small device a millisecond or two. */
const POLL_MS = 25;

function readEfi(machine: Machine): LoaderWord & { readonly trial: boolean } {
  if (!exists(machine, "/sys/firmware/efi")) return { partUuid: undefined, trial: false };
  if ((machine.list(EFIVARS) ?? []).length === 0)
    machine.run(["mount", "-t", "efivarfs", "-o", "nosuid,nodev,noexec", "efivarfs", EFIVARS]);
  return {
    partUuid: readLoaderVariable(machine, "LoaderDevicePartUUID"),
    ...readFirmwarePath(machine),
    trial: readLoaderVariable(machine, "LoaderBootCountPath") !== undefined,
  };
}

function waitForDisk(machine: Machine, loader: LoaderWord): BootDisk | undefined {
  const began = machine.now();
  const patience = BETTER_PATIENCE_MS[loader.pciPath === undefined ? "withoutPath" : "withPath"];
  for (let guessedAt: number | undefined; ; machine.sleep(POLL_MS)) {
    const choice = chooseBootDisk(readPartitions(machine), loader);
    if (choice.found !== undefined) {
      if (choice.certain) return choice.found;
      guessedAt ??= machine.now();
      if (machine.now() - guessedAt < patience) continue;
      machine.log(`the firmware does not tell the boot disk from others: taking ${choice.found.disk}`);
      return choice.found;
    }
    if (machine.now() - began < DISK_PATIENCE_MS) continue;
    machine.log(`no boot disk after ${DISK_PATIENCE_MS / 1000} s: waited for ${choice.waitingFor}`);
    return undefined;
  }
}

function record(machine: Machine, disk: BootDisk, facts: Omit<BootRecord, "disk" | "partitions">): void {
  const partitions = {
    boot: disk.boot.name,
    rootA: disk.rootA.name,
    rootB: disk.rootB.name,
    state: disk.state.name,
    data: disk.data.name,
  };
  machine.makeDirectory("/run/holdfast");
  machine.writeText(BOOT_RECORD, `${JSON.stringify({ disk: disk.disk, ...facts, partitions })}\n`);
  machine.makeDirectory("/run/udev/rules.d");
  machine.writeText(BY_STATE_RULES, byStateRules(disk, facts.active));
}

/**
 * Runs in the initrd: mounts the slot whose content matches the running kernel's root hash on /sysroot, the state
 * partition in it, and provides the machine id. Reboots when that cannot be done; never waits for a person.
 */
export function findRoot(machine: Machine): number {
  const target = verityTargetOf(machine.readText("/proc/cmdline") ?? "");
  const { trial, ...loader } = readEfi(machine);
  const disk = waitForDisk(machine, loader);
  if (target === undefined)
    machine.log("the kernel command line has no valid holdfast.roothash and holdfast.hashoffset");
  if (target === undefined || disk === undefined) return giveUp(machine, disk);

  const active = openSlot(machine, disk, target, trial);
  if (active === undefined) return giveUp(machine, disk);
  machine.log(
    `root is ${disk[active].label} (${disk[active].name}, PARTUUID ${disk[active].partUuid ?? "unknown"}) on ${disk.disk}${trial ? ", on trial" : ""}`,
  );
  const stateLost = !mountState(machine, disk.state.name);
  record(machine, disk, { active, ...target, trial, stateLost });
  return 0;
}
