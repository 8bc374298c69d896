import { parseJson } from "../config/json-text.ts";
import { isObject } from "../config/keys/value-parsers.ts";
import type { Machine } from "../machine/machine.ts";
import { onlineSources, readSources, selectedSource, type TimeSource, tellChrony } from "./chrony.ts";
import { keepClock } from "./keep-clock.ts";

/** What is remembered from one look to the next; gone with the boot. */
const MEMORY = "/run/holdfast/time-watch.json";
const WEB_TIME = "timesync-https.service";
/** Seconds to wait for an answer to a poll, and the correction left that counts as none. */
const WAIT_FOR_SYNC = ["waitsync", "60", "0.1", "0.0", "1"];

export type WatchMemory = {
  /** Looks in a row at which chronyd did not answer. */
  readonly unanswered: number;
  /** Looks in a row at which it followed no source although there was a network. */
  readonly lost: number;
  /** Whether the network's time was kept since this boot. */
  readonly isKept: boolean;
};

/** `keep`: the network's time, once. `restart`: it hangs. `poll`: ask all sources now, and restart it if that is no use. */
export type WatchStep = "none" | "keep" | "restart" | "poll";

/** Where NTP is blocked for good, a poll costs data for nothing: after the first looks, about one in an hour. */
const isPollDue = (lost: number): boolean => Number.isInteger(Math.log2(lost)) || lost % 32 === 0;

/**
 * What to do about the time, from what chronyd says and what was before. One look without an answer may be a busy
 * device. Pure.
 */
export function watchStep(
  sources: readonly TimeSource[] | undefined,
  hasNetwork: boolean,
  before: WatchMemory,
): { readonly now: WatchStep; readonly after: WatchMemory } {
  if (sources === undefined) {
    const unanswered = before.unanswered + 1;
    return unanswered < 2
      ? { now: "none", after: { ...before, unanswered } }
      : { now: "restart", after: { ...before, unanswered: 0 } };
  }
  if (selectedSource(sources) !== undefined)
    return { now: before.isKept ? "none" : "keep", after: { unanswered: 0, lost: 0, isKept: true } };
  // Without a network there is nothing to ask: links that come up are told to chronyd by NetworkManager's dispatcher.
  if (!hasNetwork) return { now: "none", after: { ...before, unanswered: 0 } };
  const lost = before.lost + 1;
  return { now: isPollDue(lost) ? "poll" : "none", after: { ...before, unanswered: 0, lost } };
}

function restart(machine: Machine, why: string): void {
  machine.log(`${why} - restarting chronyd`);
  machine.run(["systemctl", "restart", "chrony.service"]);
}

function poll(machine: Machine): void {
  machine.log("No online NTP sources - forcing poll");
  for (const words of [["onoffline"], ["refresh"], ["burst", "4/4"]]) tellChrony(machine, ...words);
  if (tellChrony(machine, ...WAIT_FOR_SYNC)) {
    tellChrony(machine, "makestep");
    return;
  }
  restart(machine, "NTP time lost synchronization");
  machine.run(["systemctl", "--no-block", "start", WEB_TIME]);
}

/** Whether there is somebody to ask: a way out, or a source on a network without one. */
const hasNetwork = (machine: Machine): boolean =>
  (["-4", "-6"] as const).some((family) => machine.run(["ip", family, "route", "show", "default"]).output !== "") ||
  onlineSources(machine) > 0;

function recall(machine: Machine): WatchMemory {
  const parsed = parseJson(machine.readText(MEMORY) ?? "");
  const { unanswered, lost, isKept } = parsed.ok && isObject(parsed.value) ? parsed.value : {};
  return { unanswered: Number(unanswered) || 0, lost: Number(lost) || 0, isKept: isKept === true };
}

/** One look at chronyd, by a timer: it is restarted when it hangs or has lost all sources. */
export function watchTime(machine: Machine): number {
  const before = recall(machine);
  const { now, after } = watchStep(readSources(machine), hasNetwork(machine), before);
  machine.makeDirectory("/run/holdfast");
  machine.writeText(MEMORY, JSON.stringify(after));
  if (now === "keep") return keepClock(machine);
  if (now === "restart") restart(machine, "chronyd does not answer");
  if (now === "poll") poll(machine);
  return 0;
}
