import { outputOf } from "../probe/answer-of.ts";
import type { Answers, Probe } from "../probe/probe.ts";
import type { Fact } from "./fact.ts";

/** Units that the doctor looks at by name. */
export const watchedUnits = [
  "NetworkManager.service",
  "dnsmasq.service",
  "chrony.service",
  "balena.service",
  "balena-supervisor.service",
  "openvpn.service",
] as const;
export type WatchedUnit = (typeof watchedUnits)[number];

/** What systemd says of a unit: `active`, or another state with its detail: "inactive (dead)". */
export type UnitStates = Readonly<Record<WatchedUnit, string>>;

export const unitProbes: readonly Probe[] = [
  {
    name: "units",
    argv: ["systemctl", "show", "--property=Id,ActiveState,SubState", ...watchedUnits],
  },
  {
    name: "failed-units",
    argv: ["systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "--no-pager"],
  },
];

/** Blocks of properties, one for each unit, as `systemctl show` prints them. Pure. */
export function parseUnitStates(report: string): UnitStates {
  const blocks = report.split("\n\n").map((block) => {
    const property = (name: string): string => new RegExp(`^${name}=(.*)$`, "m").exec(block)?.[1] ?? "";
    const state = property("ActiveState");
    return [property("Id"), state === "active" ? state : `${state} (${property("SubState")})`] as const;
  });
  const stateOf = (unit: string): string => blocks.find(([id]) => id === unit)?.[1] ?? "unknown";
  // Each watched unit is a key.
  return Object.fromEntries(watchedUnits.map((unit) => [unit, stateOf(unit)])) as Record<WatchedUnit, string>;
}

/** @throws when systemd does not answer */
export const readUnitStates = (answers: Answers): UnitStates => parseUnitStates(outputOf(answers, "units"));

/** Names of failed units. @throws when systemd does not answer */
export const readFailedUnits = (answers: Answers): readonly string[] =>
  outputOf(answers, "failed-units")
    .split("\n")
    // Some releases of systemd put a dot before what failed.
    .map(
      (line) =>
        line
          .trim()
          .replace(/^[●*]\s+/, "")
          .split(/\s+/)[0] ?? "",
    )
    .filter((name) => name !== "");

/** How a unit does not run, in words; undefined when it runs, and when systemd does not tell. */
export function stopOf(units: Fact<UnitStates>, unit: WatchedUnit): string | undefined {
  const state = units.ok ? units.value[unit] : "active";
  return state === "active" ? undefined : `${unit.replace(/\.service$/, "")} is ${state}`;
}
