import { describe, expect, it } from "vitest";
import { simulateMachine } from "../machine/simulated-machine.ts";
import { parseSources } from "./chrony.ts";
import { KEPT_TIME } from "./keep-clock.ts";
import { type WatchMemory, watchStep, watchTime } from "./watch-time.ts";

const followed = parseSources("^,*,192.0.2.2,8,6,377,25,-0.000012,0.000034,0.000456\n");
const silent = parseSources("^,?,192.0.2.2,0,14,0,4294967295,0.0,0.0,0.0\n");
const start: WatchMemory = { unanswered: 0, lost: 0, isKept: false };

it("reads chronyc's report", () => {
  expect(parseSources("^,*,192.0.2.2,8,6,377\n#,+,PPS0,0,4,377\n\nx\n^,%,what\n")).toEqual([
    { name: "192.0.2.2", state: "selected" },
    { name: "PPS0", state: "usable" },
  ]);
});

describe("the watch over chronyd", () => {
  /** The steps of so many looks that all see the same. */
  const looks = (count: number, ...[sources, hasNetwork]: [Parameters<typeof watchStep>[0], boolean]): string[] => {
    const steps: string[] = [];
    let memory = start;
    for (let look = 0; look < count; look += 1) {
      const { now, after } = watchStep(sources, hasNetwork, memory);
      steps.push(now);
      memory = after;
    }
    return steps;
  };

  it("keeps the network's time once, and leaves it at that", () => {
    expect(looks(3, followed, true)).toEqual(["keep", "none", "none"]);
  });

  it("restarts it when it does not answer twice in a row", () => {
    expect(looks(4, undefined, true)).toEqual(["none", "restart", "none", "restart"]);
  });

  it("does nothing without a network", () => {
    expect(looks(3, silent, false)).toEqual(["none", "none", "none"]);
  });

  it("polls at once when no source is followed, and about hourly where NTP is blocked", () => {
    const polls = looks(200, silent, true).flatMap((step, at) => (step === "poll" ? [at + 1] : []));
    expect(polls).toEqual([1, 2, 4, 8, 16, 32, 64, 96, 128, 160, 192]);
  });

  it("begins anew once a source was followed", () => {
    const { after } = watchStep(followed, true, { unanswered: 1, lost: 7, isKept: true });
    expect(watchStep(silent, true, after)).toMatchObject({ now: "poll", after: { lost: 1 } });
  });
});

describe("a look", () => {
  const device = (sources: string | undefined, isSynchronised = false) =>
    simulateMachine((argv) => {
      const line = argv.join(" ");
      if (line.endsWith("-n sources")) return sources === undefined ? { status: 1 } : { output: sources };
      if (line.includes("waitsync")) return { status: isSynchronised ? 0 : 1 };
      if (line === "ip -4 route show default") return { output: "default via 10.0.2.2\n" };
      if (line.startsWith("stat ")) return { output: "0\n", status: 1 };
      return undefined;
    });

  it("makes chronyd step to what a poll found", () => {
    const machine = device("^,?,192.0.2.2,0\n", true);
    expect(watchTime(machine)).toBe(0);
    expect(machine.lines).toEqual(["No online NTP sources - forcing poll"]);
    expect(machine.commands.at(-1)).toBe("timeout 90 chronyc makestep");
  });

  it("restarts it when nobody answers, and asks the web", () => {
    const machine = device("");
    watchTime(machine);
    expect(machine.lines).toEqual([
      "No online NTP sources - forcing poll",
      "NTP time lost synchronization - restarting chronyd",
    ]);
    expect(machine.commands.slice(-2)).toEqual([
      "systemctl restart chrony.service",
      "systemctl --no-block start timesync-https.service",
    ]);
  });

  it("remembers the look before", () => {
    const machine = device(undefined);
    watchTime(machine);
    expect(machine.lines).toEqual([]);
    watchTime(machine);
    expect(machine.lines).toEqual(["chronyd does not answer - restarting chronyd"]);
  });

  it("survives a damaged memory", () => {
    const machine = device("");
    machine.put("/run/holdfast/time-watch.json", "{");
    expect(watchTime(machine)).toBe(0);
    expect(machine.readText(KEPT_TIME)).toBeUndefined();
  });
});
