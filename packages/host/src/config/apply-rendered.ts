import { writeDurably } from "../machine/durable.ts";
import { exists, type Machine } from "../machine/machine.ts";
import type { RenderedHost } from "./render-host-config.ts";
import type { Action, OwnedFolder, RenderedFile } from "./rendered-file.ts";

/** Makes the file what it should be. @returns whether it was something else. */
function applyFile(machine: Machine, file: RenderedFile): boolean {
  if (file.content === undefined) {
    if (!exists(machine, file.path)) return false;
    machine.remove(file.path);
    return true;
  }
  const present = machine.readText(file.path);
  if (file.place === "kernel") {
    if (present === undefined || present.trim() === file.content.trim()) return false;
    machine.writeText(file.path, file.content);
    return true;
  }
  if (present === file.content) return false;
  machine.makeDirectory(file.path.slice(0, file.path.lastIndexOf("/")), 0o755);
  if (file.place === "flash") writeDurably(machine, file.path, file.content, file.mode);
  else machine.writeText(file.path, file.content, file.mode);
  return true;
}

/** Removes what does not belong. @returns whether there was anything. */
function clearFolder(machine: Machine, { folder, suffix, keep }: OwnedFolder): boolean {
  const foreign = (machine.list(folder) ?? []).filter((name) => name.endsWith(suffix) && !keep.includes(name));
  for (const name of foreign) {
    machine.remove(`${folder}/${name}`);
    machine.log(`${folder}/${name} is not in config.json: removed`);
  }
  return foreign.length > 0;
}

const verbs = {
  stop: "stop",
  restart: "restart",
  "try-restart": "try-restart",
  reload: "try-reload-or-restart",
  start: "start",
};

/** Carries out actions: programs first, then units, each once. None waits for a unit: some of them wait for us. */
function act(machine: Machine, actions: readonly Action[]): void {
  const commands = actions.flatMap((each) => (each.action === "run" ? [each.command] : []));
  const seen = new Set<string>();
  for (const command of commands) {
    const line = command.join(" ");
    if (seen.has(line)) continue;
    seen.add(line);
    const { status } = machine.run(command);
    if (status !== 0) machine.log(`\`${line}\` ended with status ${status}`);
  }
  for (const verb of ["stop", "restart", "try-restart", "reload", "start"] as const) {
    const units = [...new Set(actions.flatMap((each) => (each.action === verb ? [each.unit] : [])))];
    if (units.length > 0) machine.run(["systemctl", "--no-block", verbs[verb], ...units]);
  }
}

/**
 * Makes the device like what was rendered: writes what differs, and does what hangs on it. While booting, nothing is
 * restarted, since the units start after this. What cannot be written does not keep the rest from it.
 * @throws the first failure, after everything else was done.
 */
export function applyRendered(machine: Machine, host: RenderedHost, mode: "boot" | "change"): void {
  const failures: unknown[] = [];
  const attempt = (change: () => boolean): boolean => {
    try {
      return change();
    } catch (error) {
      failures.push(error);
      return false;
    }
  };
  const files = host.files.filter(({ when }) => mode === "boot" || when !== "boot");
  const changed = [
    ...host.folders.filter((folder) => attempt(() => clearFolder(machine, folder))),
    ...files.filter((file) => attempt(() => applyFile(machine, file))),
  ];
  const due =
    mode === "boot" ? files.flatMap(({ atBoot }) => atBoot ?? []) : changed.flatMap(({ onChange }) => onChange ?? []);
  act(machine, due);
  if (failures.length > 0) throw failures[0];
}
