import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type SimulatedMachine, simulateMachine } from "../machine/simulated-machine.ts";
import { CONNECTIVITY_CHECK, timeOfAnswer } from "./ask-web-time.ts";
import { followWebTime } from "./follow-web-time.ts";
import { KEPT_TIME } from "./keep-clock.ts";

const RELEASE = Date.UTC(2026, 10, 23) / 1000;
const NOVEMBER_27 = Date.UTC(2026, 10, 27, 12) / 1000;
const head = (seconds: number, status = "204 No Content"): string =>
  `HTTP/1.1 ${status}\r\nServer: x\r\nDate: ${new Date(seconds * 1000).toUTCString()}\r\n\r\n`;

describe("the time of an answer", () => {
  it("is its date", () => {
    expect(timeOfAnswer(head(NOVEMBER_27), [204])).toEqual({ ok: true, time: NOVEMBER_27 });
    expect(timeOfAnswer(`HTTP/2 204\ndate: Fri, 27 Nov 2026 12:00:00 GMT\n\n`, [204])).toEqual({
      ok: true,
      time: NOVEMBER_27,
    });
  });

  it("is the server's, not a proxy's", () => {
    const proxy = "HTTP/1.1 200 Connection established\r\nDate: Mon, 01 Jan 2001 00:00:00 GMT\r\n\r\n";
    expect(timeOfAnswer(proxy + head(NOVEMBER_27), [204])).toEqual({ ok: true, time: NOVEMBER_27 });
  });

  it.each([
    ["a sign-in page's", head(NOVEMBER_27, "302 Found"), "status 302"],
    ["missing", "HTTP/1.1 204 No Content\r\n\r\n", "its answer has no date"],
    ["nonsense", "HTTP/1.1 204 No Content\r\nDate: yesterday\r\n\r\n", "its answer has no date"],
  ])("is not taken when it is %s", (_, heads, reason) => {
    expect(timeOfAnswer(heads, [204])).toMatchObject({ ok: false, reason });
  });

  it("is refused, never thrown, whatever the answer", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(timeOfAnswer(text, [204]).ok).toBe(false);
      }),
    );
  });
});

/** A device whose connectivity check answers with the heads in turn; undefined does not answer. */
function device(answers: readonly (string | undefined)[], options: { readonly selectedAt?: number } = {}) {
  let asked = 0;
  const machine: SimulatedMachine = simulateMachine((argv, self) => {
    if (argv[0] === "stat") return { output: `${RELEASE}\n` };
    if (argv.at(-1) === "sources") return { output: asked === options.selectedAt ? "^,*,192.0.2.1,8,6\n" : "" };
    if (argv[0] === "date") self.setWallClock(Number(argv.at(-1)?.slice("--set=@".length)) * 1000);
    if (argv[0] !== "curl") return undefined;
    const answer = answers[Math.min(asked, answers.length - 1)];
    asked += 1;
    return answer === undefined ? { status: 7 } : { output: answer };
  });
  machine.setWallClock(RELEASE * 1000);
  machine.put(CONNECTIVITY_CHECK, '{"uri":"https://api.example.test/connectivity-check","response":""}');
  return { machine, asked: () => asked };
}

describe("the time by the web", () => {
  it("sets the clock and keeps it", () => {
    const { machine } = device([head(NOVEMBER_27)]);
    expect(followWebTime(machine)).toBe(0);
    expect(machine.wallClock() / 1000).toBe(NOVEMBER_27);
    expect(machine.readText(KEPT_TIME)).toBe("2026-11-27 12:00:00\n");
  });

  it.each([
    ["of the past", RELEASE - 86_400 * 365],
    ["two seconds ahead", RELEASE + 2],
    ["beyond a device's life", RELEASE + 86_400 * 366 * 30],
  ])("changes nothing when it is %s", (_, time) => {
    const { machine } = device([head(time)]);
    followWebTime(machine);
    expect(machine.commands.filter((line) => line.startsWith("date"))).toEqual([]);
  });

  it("asks again after 2, 4, … 64 seconds, then waits to be started again", () => {
    const { machine, asked } = device([undefined]);
    expect(followWebTime(machine)).toBe(0);
    expect(asked()).toBe(7);
    expect(machine.now()).toBe(126_000);
    expect(machine.lines).toEqual(["no time from the connectivity check: curl ended with status 7"]);
  });

  it("ends as soon as chronyd follows a source", () => {
    const { machine, asked } = device([undefined], { selectedAt: 2 });
    followWebTime(machine);
    expect(asked()).toBe(2);
    expect(machine.lines).toEqual([]);
  });

  it("asks nobody when config.json names no address", () => {
    const { machine, asked } = device([head(NOVEMBER_27)]);
    machine.remove(CONNECTIVITY_CHECK);
    expect(followWebTime(machine)).toBe(0);
    expect([asked(), machine.lines]).toEqual([0, []]);
  });

  it("takes a page that config.json describes for an answer", () => {
    const { machine } = device([head(NOVEMBER_27, "200 OK")]);
    machine.put(CONNECTIVITY_CHECK, '{"uri":"http://check.example.test/","response":"here"}');
    followWebTime(machine);
    expect(machine.wallClock() / 1000).toBe(NOVEMBER_27);
  });
});
