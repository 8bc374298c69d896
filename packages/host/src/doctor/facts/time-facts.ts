import { parseSources, type TimeSource } from "../../clock/chrony.ts";
import { RELEASE, systemTime } from "../../clock/system-clock.ts";
import type { Machine } from "../../machine/machine.ts";
import { outputOf, saidBy } from "../probe/answer-of.ts";
import type { Answers, Probe } from "../probe/probe.ts";

/** Seconds since 1970. */
export type Clock = { readonly now: number; readonly release: number };
export type Tracking = {
  readonly isSynchronised: boolean;
  /** Whom the clock follows, by address. */
  readonly source: string;
  /** Seconds between the clock and the time that chronyd believes in. */
  readonly offset: number;
};
/** Undefined when chronyd does not answer. */
export type Chrony = (Tracking & { readonly sources: readonly TimeSource[] }) | undefined;

export const timeProbes: readonly Probe[] = [
  { name: "tracking", argv: ["chronyc", "-c", "-n", "tracking"] },
  { name: "sources", argv: ["chronyc", "-c", "-n", "sources"] },
  { name: "release", argv: ["stat", "--format=%Y", RELEASE] },
];

/** What `chronyc -c tracking` prints: one line of values; undefined when it is none. Pure. */
export function parseTracking(report: string): Tracking | undefined {
  const values = report.trim().split(",");
  const [, source = "", , , offset = ""] = values;
  if (values.length < 14) return undefined;
  return { isSynchronised: values[13] !== "Not synchronised", source, offset: Math.abs(Number(offset)) };
}

export function readChrony(answers: Answers): Chrony {
  const tracking = parseTracking(saidBy(answers, "tracking") ?? "");
  const sources = saidBy(answers, "sources");
  return tracking === undefined || sources === undefined ? undefined : { ...tracking, sources: parseSources(sources) };
}

/** @throws when the slot does not tell its date */
export const readClock = (answers: Answers, machine: Machine): Clock => ({
  now: systemTime(machine),
  release: Number(outputOf(answers, "release")),
});
