import { describe, expect, it } from "vitest";
import { PowerCut, type SimulatedMachine, simulateMachine } from "../machine/simulated-machine.ts";
import { KEPT_TIME, keepClock, restoreClock } from "./keep-clock.ts";

const RELEASE = Date.UTC(2026, 10, 23) / 1000;
const NOVEMBER_27 = Date.UTC(2026, 10, 27, 12) / 1000;

/** A device that boots with what its clock chip says; `date` sets its clock. */
function device(
  chip: number,
  options: { readonly kept?: string; readonly selected?: boolean; readonly cutAfter?: number } = {},
): SimulatedMachine {
  const machine = simulateMachine((argv, self) => {
    const line = argv.join(" ");
    if (line.startsWith("stat ")) return { output: `${RELEASE}\n` };
    if (line.endsWith(" sources")) return { output: options.selected === true ? "^,*,192.0.2.1,8,6\n" : "" };
    const [, set] = /^date --utc --set=@(\S+)$/.exec(line) ?? [];
    if (set !== undefined) self.setWallClock(Number(set) * 1000);
    return undefined;
  }, options);
  machine.setWallClock(chip * 1000);
  machine.put("/sys/class/rtc/rtc0/since_epoch", `${chip}\n`);
  if (options.kept !== undefined) machine.put(KEPT_TIME, options.kept);
  return machine;
}

describe("the clock at boot", () => {
  it("goes on where it was kept, and says so", () => {
    const machine = device(978_307_200, { kept: "2026-11-27 12:00:00\n" });
    expect(restoreClock(machine)).toBe(0);
    expect(machine.wallClock() / 1000).toBe(NOVEMBER_27);
    expect(machine.lines).toEqual([
      "the clock said 2001-01-01 00:00:00 and now says 2026-11-27 12:00:00, what it was last",
    ]);
  });

  it("is left alone when it is ahead, silently", () => {
    const machine = device(NOVEMBER_27, { kept: "2026-11-26 12:00:00\n" });
    restoreClock(machine);
    expect(machine.commands.filter((line) => line.startsWith("date"))).toEqual([]);
    expect(machine.lines).toEqual([]);
  });

  it("begins at the release when what was kept is damaged", () => {
    const machine = device(0, { kept: "\0\0\0\0" });
    restoreClock(machine);
    expect(machine.wallClock() / 1000).toBe(RELEASE);
  });

  it("says when it cannot be set", () => {
    const machine = simulateMachine((argv) =>
      argv[0] === "stat" ? { output: String(RELEASE) } : argv[0] === "date" ? { status: 1 } : undefined,
    );
    expect(restoreClock(machine)).toBe(1);
  });
});

describe("a clock chip whose driver comes late", () => {
  it("does not turn the clock back", () => {
    const machine = device(978_307_200, { kept: "2026-11-27 12:00:00\n" });
    restoreClock(machine, true);
    expect(machine.wallClock() / 1000).toBe(NOVEMBER_27);
  });

  it("does not put it forward, either, once the network told the time", () => {
    const machine = device(NOVEMBER_27 + 3600, { selected: true });
    machine.setWallClock(NOVEMBER_27 * 1000);
    restoreClock(machine, true);
    expect(machine.wallClock() / 1000).toBe(NOVEMBER_27);
  });
});

describe("keeping the time", () => {
  it("leaves the former or the new time, wherever the power fails", () => {
    for (let cutAfter = 0; cutAfter < 12; cutAfter += 1) {
      const machine = device(NOVEMBER_27, { kept: "2026-11-26 12:00:00\n", cutAfter });
      try {
        keepClock(machine);
      } catch (error) {
        expect(error).toBeInstanceOf(PowerCut);
      }
      expect(["2026-11-26 12:00:00\n", "2026-11-27 12:00:00\n"]).toContain(machine.readText(KEPT_TIME));
    }
  });

  it("follows a clock that the network turned back", () => {
    const machine = device(NOVEMBER_27, { kept: "2029-01-01 00:00:00\n" });
    keepClock(machine);
    expect(machine.readText(KEPT_TIME)).toBe("2026-11-27 12:00:00\n");
  });

  it("never keeps a time before the release", () => {
    const machine = device(978_307_200);
    expect(keepClock(machine)).toBe(0);
    expect(machine.readText(KEPT_TIME)).toBeUndefined();
    expect(machine.lines).toEqual(["the clock says 2001-01-01 00:00:00: not kept"]);
  });
});
