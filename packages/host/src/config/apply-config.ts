import { exists, type Machine } from "../machine/machine.ts";
import { applyRendered } from "./apply-rendered.ts";
import { CONFIG_JSON, ensureUuid, keepLastGood, type LoadedConfig, loadAtBoot } from "./config-file.ts";
import { renderHostConfig } from "./render-host-config.ts";
import type { HostFacts } from "./rendered-file.ts";
import { markSeen, sawAny } from "./seen-config.ts";

/** Facts of the board that the composer wrote into the slot. */
const BOARD_FACTS = "/usr/lib/holdfast/board.json";

/** What this device is, as far as rendering asks. */
function readFacts(machine: Machine): HostFacts {
  const consoles = machine.readText("/sys/class/tty/console/active") ?? "";
  const board = JSON.parse(machine.readText(BOARD_FACTS) ?? "{}") as { readonly serialLogin?: boolean };
  return {
    consoles: consoles.trim().split(/\s+/).filter(Boolean),
    hasSerialLogin: board.serialLogin ?? true,
    hasWireless: exists(machine, "/sys/module/cfg80211"),
  };
}

/** Keeps what was understood, and makes the host follow it: writes what differs, restarts only what depends on it. */
export function applyConfig(machine: Machine, found: LoadedConfig, mode: "boot" | "change"): LoadedConfig {
  const loaded = ensureUuid(machine, found);
  keepLastGood(machine, loaded);
  applyRendered(machine, renderHostConfig(loaded.config, readFacts(machine)), mode);
  return loaded;
}

/** At boot, before everything that reads a rendered file. A status other than 0 asks systemd to try again. */
export function configureAtBoot(machine: Machine): number {
  // At a second try, units run that have to follow what the first one could not know.
  const mode = sawAny(machine) ? "change" : "boot";
  const found = loadAtBoot(machine);
  const { source } = applyConfig(machine, found, mode);
  markSeen(machine, machine.readText(CONFIG_JSON));
  return source === "unwritten" ? 1 : 0;
}
