import type { Machine } from "../machine/machine.ts";
import { avahiConfiguration } from "./avahi-configuration.ts";
import { type Discovery, readDiscovery } from "./discoverability.ts";
import { addressesOf, localLinks } from "./links.ts";

export const AVAHI_CONFIGURATION = "/run/holdfast/avahi-daemon.conf";
const DAEMON = ["avahi-daemon.socket", "avahi-daemon.service"] as const;
/** A wish that changes while this runs is followed at once, but nobody may keep it running. */
const MOST_ROUNDS = 5;

/** The unit that answers to the alias with one address. */
const aliasUnit = (address: string): string => `holdfast-alias@${address}.service`;

const systemctl = (machine: Machine, verb: string, units: readonly string[]): void => {
  if (units.length > 0) machine.run(["systemctl", "--no-block", verb, ...units]);
};

/** Units of the alias that run or are about to. */
function runningAliases(machine: Machine): readonly string[] {
  const { output } = machine.run([
    ...(["systemctl", "list-units", "--plain", "--no-legend", "--all"] as const),
    "holdfast-alias@*.service",
  ]);
  return output.split("\n").flatMap((line) => line.split(" ", 1).filter((word) => word !== ""));
}

/** avahi-publish announces an address once for all: so there is a unit for each, and a changed address is another unit. */
function followAlias(machine: Machine, wanted: readonly string[]): void {
  const running = runningAliases(machine);
  systemctl(
    machine,
    "stop",
    running.filter((unit) => !wanted.includes(unit)),
  );
  systemctl(machine, "start", wanted);
}

function apply(machine: Machine, { isOn, alias }: Discovery): void {
  if (!isOn) {
    systemctl(machine, "stop", [...runningAliases(machine), ...DAEMON]);
    return;
  }
  const links = localLinks(machine);
  const text = avahiConfiguration(links);
  if (machine.readText(AVAHI_CONFIGURATION) !== text) {
    machine.makeDirectory("/run/holdfast");
    machine.writeText(AVAHI_CONFIGURATION, text);
    // It reads its configuration at its start only.
    systemctl(machine, "try-restart", ["avahi-daemon.service"]);
  }
  systemctl(machine, "start", DAEMON);
  followAlias(machine, alias === undefined ? [] : addressesOf(machine, links).map(aliasUnit));
}

/**
 * Lets people on the device's networks find it by name, or not: at boot, when a link changes, when config.json or the
 * fleet decides otherwise. Idempotent.
 */
export function followDiscovery(machine: Machine): number {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const wanted = readDiscovery(machine);
    apply(machine, wanted);
    const now = readDiscovery(machine);
    if (now.isOn === wanted.isOn && now.alias === wanted.alias) return 0;
  }
  return 0;
}
