import { exists, type Machine } from "../machine/machine.ts";
import { bindTable, type PersistentPath, STATE_PATHS, sourceOf } from "./state-paths.ts";

const TABLE = "/run/holdfast/state.fstab";

/** Makes the source of one bind mount. The directory appears under its name only when it is complete. */
function makeSource(machine: Machine, entry: PersistentPath): void {
  const source = sourceOf(entry);
  if (exists(machine, source)) return;
  const temporary = `${source}.new`;
  machine.run(["rm", "-rf", temporary]);
  machine.makeDirectory(source.slice(0, source.lastIndexOf("/")));
  if (entry.seed && exists(machine, entry.path)) machine.run(["cp", "-a", entry.path, temporary]);
  else machine.makeDirectory(temporary, Number.parseInt(entry.mode, 8));
  machine.run(["chmod", entry.mode, temporary]);
  if (entry.uid !== 0 || entry.gid !== 0) machine.run(["chown", `${entry.uid}:${entry.gid}`, temporary]);
  machine.rename(temporary, source);
}

/** Mount points of this moment, as the kernel lists them. */
const mountPoints = (machine: Machine): ReadonlySet<string> =>
  new Set((machine.readText("/proc/self/mountinfo") ?? "").split("\n").map((line) => line.split(" ")[4] ?? ""));

/** For a path that cannot persist: whoever writes there can, and the device comes up. */
function mountMemory(machine: Machine, { path, mode, uid, gid }: PersistentPath): boolean {
  machine.log(`${path} cannot be bound: what is written there is lost with this boot`);
  const options = `size=8M,nr_inodes=4k,mode=${mode},uid=${uid},gid=${gid},nosuid,nodev`;
  return machine.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path]).status === 0;
}

/** Makes the source and the mount point; false when a full or broken partition does not let it. */
function prepare(machine: Machine, entry: PersistentPath): boolean {
  try {
    // Below /var, which is in memory, the mount point is not part of the image.
    if (entry.path.startsWith("/var/")) machine.makeDirectory(entry.path);
    makeSource(machine, entry);
    return true;
  } catch (error) {
    if (exists(machine, `${sourceOf(entry)}.new`)) machine.run(["rm", "-rf", `${sourceOf(entry)}.new`]);
    machine.log(`${sourceOf(entry)} cannot be made: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

/**
 * Binds the persistent paths of one partition over the read-only root, making and seeding what is not there yet.
 * Idempotent. A path that cannot be bound is in memory for this boot: everything else that reads or writes it goes on, and
 * so the device can be reached and repaired.
 */
export function mountPersistentPaths(machine: Machine, partition: "state" | "data"): number {
  const all = JSON.parse(machine.readText(STATE_PATHS) ?? "[]") as readonly PersistentPath[];
  const paths = all.filter((entry) => entry.partition === partition);
  if (paths.length === 0) return 0;
  const made = paths.filter((entry) => !exists(machine, sourceOf(entry)));
  const ready = paths.filter((entry) => prepare(machine, entry));
  if (made.length > 0) machine.run(["sync", "-f", `/mnt/${partition}`]);
  machine.makeDirectory("/run/holdfast");
  machine.writeText(TABLE, bindTable(ready));
  const { status } = machine.run(["mount", "--all", "--fstab", TABLE]);
  machine.log(
    `${ready.length} persistent paths bound from resin-${partition}${made.length > 0 ? `, ${made.length} of them new` : ""}`,
  );
  if (status === 0 && ready.length === paths.length) return 0;
  const mounted = mountPoints(machine);
  return paths.filter(({ path }) => !mounted.has(path)).every((entry) => mountMemory(machine, entry)) ? 0 : 1;
}
