import type { Machine } from "../machine/machine.ts";
import { applyRendered } from "./apply-rendered.ts";
import { ensureUuid, keepLastGood, loadConfig } from "./config-file.ts";
import { renderHostConfig } from "./render-host-config.ts";
import type { HostFacts } from "./rendered-file.ts";

/** What this device is, as far as rendering asks. */
export function readFacts(machine: Machine): HostFacts {
  const consoles = machine.readText("/sys/class/tty/console/active") ?? "";
  return { consoles: consoles.trim().split(/\s+/).filter(Boolean) };
}

/** Makes the host follow config.json: writes what differs, restarts only what depends on it. */
export function applyConfig(machine: Machine, mode: "boot" | "change"): number {
  if (mode === "change") machine.log("config.json changed");
  const found = loadConfig(machine, mode === "boot");
  if (found === undefined) return 1;
  const loaded = ensureUuid(machine, found);
  keepLastGood(machine, loaded);
  applyRendered(machine, renderHostConfig(loaded.config, readFacts(machine)), mode);
  return 0;
}
