import { writeDurably } from "../machine/durable.ts";
import { exists, type Machine } from "../machine/machine.ts";

const STATE = "/sysroot/mnt/state";
const OVERLAY = `${STATE}/root-overlay`;
const DISCARDED = `${STATE}/.root-overlay-to-remove`;
const RESET_MARKER = `${STATE}/remove_me_to_reset`;
const MACHINE_ID = /^[0-9a-f]{32}$/;
/** e2fsck: bits above these mean that errors are left, or that it could not run. */
const FSCK_REPAIRED = 1 | 2;

function mountPartition(machine: Machine, device: string): boolean {
  const mount = (): boolean =>
    machine.run(["mount", "-t", "ext4", "-o", "nodelalloc,noatime,nosuid,nodev", device, STATE]).status === 0;
  const check = (mode: string): number => machine.run(["e2fsck", mode, device]).status;
  if ((check("-p") & ~FSCK_REPAIRED) !== 0) {
    machine.log(`${device}: errors that need a full repair; losing what cannot be kept`);
    check("-y");
  }
  return mount();
}

/** The device contract: a marker that someone removed asks for a reset. A fresh image has neither marker nor overlay. */
function resetIfAsked(machine: Machine): void {
  if (!exists(machine, RESET_MARKER)) {
    if (exists(machine, OVERLAY)) {
      machine.log("remove_me_to_reset was removed: forgetting all state");
      machine.rename(OVERLAY, DISCARDED);
      machine.run(["sync", STATE]);
    }
    writeDurably(machine, RESET_MARKER, "");
  }
  if (exists(machine, DISCARDED)) machine.run(["rm", "-rf", DISCARDED]);
}

function provideMachineId(machine: Machine): void {
  const stored = `${OVERLAY}/etc/machine-id`;
  const known = machine.readText(stored)?.trim() ?? "";
  if (!MACHINE_ID.test(known)) {
    const fresh = (machine.readText("/proc/sys/kernel/random/uuid") ?? "").trim().replaceAll("-", "");
    writeDurably(machine, stored, `${fresh}\n`, 0o444);
    machine.log(known === "" ? "made a machine id" : "the machine id was damaged: made a new one");
  }
  machine.run(["mount", "--bind", stored, "/sysroot/etc/machine-id"]);
}

/**
 * Mounts resin-state below the new root and binds its machine id, so that PID 1 of the system reads it as its first
 * act. A partition beyond repair is replaced by memory: the device comes up with what the boot partition says.
 * @returns false when state is in memory only.
 */
export function mountState(machine: Machine, partition: string): boolean {
  const mounted = mountPartition(machine, `/dev/${partition}`);
  if (!mounted) {
    machine.log(`/dev/${partition} cannot be mounted: state is kept in memory and lost with this boot`);
    machine.run(["mount", "-t", "tmpfs", "-o", "size=64M,mode=0755,nosuid,nodev", "tmpfs", STATE]);
  }
  resetIfAsked(machine);
  machine.makeDirectory(OVERLAY);
  provideMachineId(machine);
  return mounted;
}
