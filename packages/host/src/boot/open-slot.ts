import type { Machine } from "../machine/machine.ts";
import type { VerityTarget } from "./parse-cmdline.ts";
import type { BootDisk } from "./partitions.ts";

const ROOT = "/sysroot";
const MAPPED = "/dev/mapper/root";
// Nodes are made by libdevmapper itself: no udev rules and no cookie to wait for in the initrd.
const env = { DM_DISABLE_UDEV: "1" };

function open(machine: Machine, device: string, target: VerityTarget, options: readonly string[]): boolean {
  const offset = `--hash-offset=${target.hashOffset}`;
  return (
    machine.run(["veritysetup", "open", device, "root", device, target.rootHash, offset, ...options], { env })
      .status === 0
  );
}

const close = (machine: Machine): boolean => machine.run(["veritysetup", "close", "root"], { env }).status === 0;
const mount = (machine: Machine): boolean =>
  machine.run(["mount", "-t", "erofs", "-o", "ro", MAPPED, ROOT]).status === 0;

/**
 * Mounts the slot of this disk whose tree has the wanted root hash; the other slot fails to open, or its first block
 * fails to verify. On trial, a block that does not verify later panics the kernel, which uses up a try; a confirmed slot
 * returns read errors instead, for it may have nothing to fall back to.
 * @returns which slot it is; undefined when neither verifies, and then nothing is left open.
 */
export function openSlot(
  machine: Machine,
  disk: BootDisk,
  target: VerityTarget,
  trial: boolean,
): "rootA" | "rootB" | undefined {
  for (const slot of ["rootA", "rootB"] as const) {
    const device = `/dev/${disk[slot].name}`;
    if (!open(machine, device, target, [])) continue;
    if (!mount(machine)) {
      machine.log(`${disk[slot].label}: opened, but its content does not verify`);
      close(machine);
      continue;
    }
    if (!trial) return slot;
    machine.run(["umount", ROOT]);
    if (close(machine) && open(machine, device, target, ["--panic-on-corruption"]) && mount(machine)) return slot;
    close(machine);
  }
  machine.log(`no slot of ${disk.disk} verifies against root hash ${target.rootHash}`);
  return undefined;
}
