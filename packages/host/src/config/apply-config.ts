import { writeDurably } from "../machine/durable.ts";
import { exists, type Machine } from "../machine/machine.ts";
import { ensureUuid, keepLastGood, loadConfig } from "./config-file.ts";
import {
  DEVELOPMENT_FLAG,
  gettyUnits,
  type RenderedFile,
  renderHostConfig,
  type UnitAction,
} from "./render-host-config.ts";

const KERNEL_HOSTNAME = "/proc/sys/kernel/hostname";

/** Makes the file what it should be. @returns whether it was something else. */
function applyFile(machine: Machine, file: RenderedFile): boolean {
  if (file.content === undefined) {
    if (!exists(machine, file.path)) return false;
    machine.remove(file.path);
    return true;
  }
  if (machine.readText(file.path) === file.content) return false;
  machine.makeDirectory(file.path.slice(0, file.path.lastIndexOf("/")), 0o755);
  if (file.durable) writeDurably(machine, file.path, file.content, file.mode);
  else machine.writeText(file.path, file.content, file.mode);
  return true;
}

function act(machine: Machine, actions: readonly UnitAction[]): void {
  for (const action of ["stop", "try-restart", "start"] as const) {
    const units = [...new Set(actions.filter((each) => each.action === action).map(({ unit }) => unit))];
    if (units.length > 0) machine.run(["systemctl", "--no-block", action, ...units]);
  }
}

/**
 * Makes the host follow config.json: writes what differs, restarts only what depends on it. While booting nothing is
 * restarted, since the units start after this; development mode's gettys are started, since nothing else does.
 */
export function applyConfig(machine: Machine, mode: "boot" | "change"): number {
  if (mode === "change") machine.log("config.json changed");
  const found = loadConfig(machine, mode === "boot");
  if (found === undefined) return 1;
  const loaded = ensureUuid(machine, found);
  keepLastGood(machine, loaded);

  const consoles = (machine.readText("/sys/class/tty/console/active") ?? "").trim().split(/\s+/).filter(Boolean);
  const host = renderHostConfig(loaded.config, { consoles });
  const changed = host.files.filter((file) => applyFile(machine, file));
  if (machine.readText(KERNEL_HOSTNAME)?.trim() !== host.hostname) machine.writeText(KERNEL_HOSTNAME, host.hostname);
  if (mode === "change")
    act(
      machine,
      changed.flatMap((file) => file.onChange),
    );
  else if (exists(machine, DEVELOPMENT_FLAG))
    machine.run(["systemctl", "--no-block", "start", ...gettyUnits(consoles)]);
  return 0;
}
