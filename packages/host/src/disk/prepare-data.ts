import { readBootRecord } from "../boot/boot-record.ts";
import { sweepAtBoot } from "../engine/sweep-engine.ts";
import { writeDurably } from "../machine/durable.ts";
import { exists, type Machine } from "../machine/machine.ts";
import { mountPersistentPaths } from "../state/mount-state.ts";
import { readExt4 } from "./filesystem-identity.ts";
import { GROW_MARKER } from "./prepare-disk.ts";

const DATA = "/mnt/data";
const RESET_MARKER = `${DATA}/remove_me_to_reset`;
/** The device contract: what a reset of the data partition removes; of what came with the image, the copy, too. */
const RESET_PATHS = ["apps.json", "apps.json.preloaded", "resin-data", "docker"] as const;
const DISCARDED = `${DATA}/.to-remove`;

/** Enough for the engine to stop, remove and start containers, and for what the supervisor writes. */
const RESERVE_BYTES = 64 * 1024 * 1024;
/** Of a small disk, a smaller part: apps need it, too. */
const RESERVE_SHARE = 20;

/** Growing keeps the reserve's share, not its size: it is set after that. Who may use it, mnt-data.mount says. */
function holdBlocksBack(machine: Machine, device: string): void {
  const filesystem = readExt4(machine, device);
  if (filesystem === undefined) return;
  const { bytes, blockBytes, reservedBlocks } = filesystem;
  const wanted = Math.floor(Math.min(RESERVE_BYTES, bytes / RESERVE_SHARE) / blockBytes);
  if (wanted !== reservedBlocks) machine.run(["tune2fs", "-r", String(wanted), device]);
}

/** A fresh image has no marker and no engine store; a marker that is missing beside a store asks for a reset. */
function resetIfAsked(machine: Machine): void {
  if (!exists(machine, RESET_MARKER)) {
    if (exists(machine, `${DATA}/docker`)) {
      machine.log("remove_me_to_reset was removed: removing all apps and their data");
      machine.makeDirectory(DISCARDED, 0o700);
      // The store goes last: it is what says that a reset was asked for.
      for (const name of RESET_PATHS)
        if (exists(machine, `${DATA}/${name}`)) {
          machine.run(["rm", "-rf", `${DISCARDED}/${name}`]);
          machine.rename(`${DATA}/${name}`, `${DISCARDED}/${name}`);
        }
    }
    writeDurably(machine, RESET_MARKER, "");
  }
  if (exists(machine, DISCARDED)) machine.run(["rm", "-rf", DISCARDED]);
}

/**
 * After resin-data is mounted, before the engine: grows its filesystem, sets what apps may not take of it, resets it when
 * asked, makes and sweeps its directories.
 */
export function prepareData(machine: Machine): number {
  const device = `/dev/${readBootRecord(machine).partitions.data}`;
  if (exists(machine, GROW_MARKER)) {
    const { status } = machine.run(["resize2fs", device]);
    machine.log(status === 0 ? "resin-data's filesystem fills its partition" : `resize2fs ended with status ${status}`);
    machine.remove(GROW_MARKER);
  }
  holdBlocksBack(machine, device);
  resetIfAsked(machine);
  for (const [name, mode] of [
    ["docker", 0o710],
    ["resin-data", 0o755],
    ["resin-data/balena-supervisor", 0o755],
  ] as const)
    machine.makeDirectory(`${DATA}/${name}`, mode);
  sweepAtBoot(machine);
  return mountPersistentPaths(machine, "data");
}
