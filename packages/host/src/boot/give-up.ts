import type { Machine } from "../machine/machine.ts";
import { isEntry, usedUpName } from "./boot-entry.ts";
import { readLoaderVariable } from "./efi-variable.ts";
import { verityTargetOf } from "./parse-cmdline.ts";
import type { BootDisk } from "./partitions.ts";
import { findCmdlineSection, PE_HEADER_BYTES } from "./uki-cmdline.ts";

const ESP = "/run/holdfast/esp";
const ENTRIES = `${ESP}/EFI/Linux`;
const PROBE = "other";
/** Long enough to read the console, and to keep a device that cannot boot from spinning. */
const PAUSE_MS = 5_000;

function cmdlineOf(machine: Machine, uki: string): string {
  const section = findCmdlineSection(machine.readBytes(uki, 0, PE_HEADER_BYTES) ?? new Uint8Array());
  if (section === undefined) return "";
  const bytes = machine.readBytes(uki, section.offset, section.length) ?? new Uint8Array();
  return String.fromCharCode(...bytes.filter((byte) => byte !== 0));
}

/** Whether one of the slots really is the root of that entry: its first blocks verify. */
function hasSlot(machine: Machine, disk: BootDisk, uki: string): boolean {
  const target = verityTargetOf(cmdlineOf(machine, uki));
  if (target === undefined) return false;
  const env = { DM_DISABLE_UDEV: "1" };
  return [disk.rootA, disk.rootB].some(({ name }) => {
    const device = `/dev/${name}`;
    const offset = `--hash-offset=${target.hashOffset}`;
    if (machine.run(["veritysetup", "open", device, PROBE, device, target.rootHash, offset], { env }).status !== 0)
      return false;
    const mounted = machine.run(["mount", "-t", "erofs", "-o", "ro", `/dev/mapper/${PROBE}`, "/sysroot"]).status === 0;
    if (mounted) machine.run(["umount", "/sysroot"]);
    machine.run(["veritysetup", "close", PROBE], { env });
    return mounted;
  });
}

function stepAside(machine: Machine, disk: BootDisk): void {
  const id = readLoaderVariable(machine, "LoaderEntrySelected");
  if (id === undefined) return;
  machine.makeDirectory(ESP);
  if (
    machine.run(["mount", "-t", "vfat", "-o", "umask=0077,nosuid,nodev,noexec", `/dev/${disk.boot.name}`, ESP])
      .status !== 0
  )
    return;
  const entries = (machine.list(ENTRIES) ?? []).filter((name) => /\.efi$/i.test(name));
  const own = entries.find((name) => isEntry(name, id));
  const other = entries.find((name) => name !== own && hasSlot(machine, disk, `${ENTRIES}/${name}`));
  if (own !== undefined && other !== undefined && own !== usedUpName(own)) {
    machine.rename(`${ENTRIES}/${own}`, `${ENTRIES}/${usedUpName(own)}`);
    machine.run(["sync", ENTRIES]);
    machine.log(`marked ${own} as used up: ${other} has a good slot`);
  }
  machine.run(["umount", ESP]);
}

/**
 * The root cannot be had. If another entry has a slot that verifies, the running one is marked as used up, so that the
 * loader takes the other; then the device reboots, in any case.
 */
export function giveUp(machine: Machine, disk: BootDisk | undefined): number {
  if (disk !== undefined) stepAside(machine, disk);
  machine.log(`rebooting in ${PAUSE_MS / 1000} s`);
  machine.sleep(PAUSE_MS);
  machine.run(["systemctl", "--force", "reboot"]);
  return 1;
}
