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

/**
 * Binds the persistent paths of one partition over the read-only root, making and seeding what is not there yet.
 * Idempotent; a path that cannot be bound is reported and the others are bound all the same.
 */
export function mountPersistentPaths(machine: Machine, partition: "state" | "data"): number {
  const all = JSON.parse(machine.readText(STATE_PATHS) ?? "[]") as readonly PersistentPath[];
  const paths = all.filter((entry) => entry.partition === partition);
  if (paths.length === 0) return 0;
  const made = paths.filter((entry) => !exists(machine, sourceOf(entry)));
  for (const entry of paths) {
    makeSource(machine, entry);
    // Below /var, which is in memory, the mount point is not part of the image.
    if (entry.path.startsWith("/var/")) machine.makeDirectory(entry.path);
  }
  if (made.length > 0) machine.run(["sync", "-f", `/mnt/${partition}`]);
  machine.makeDirectory("/run/holdfast");
  machine.writeText(TABLE, bindTable(paths));
  const { status } = machine.run(["mount", "--all", "--fstab", TABLE]);
  machine.log(
    `${paths.length} persistent paths bound from resin-${partition}${made.length > 0 ? `, ${made.length} of them new` : ""}`,
  );
  return status;
}
