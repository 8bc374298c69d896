import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PowerCut, type SimulatedMachine, simulateMachine } from "../machine/simulated-machine.ts";
import { answerRequest, answerRequests, networkStatus, REQUESTS } from "./network-command.ts";
import { runTrial, settleAtBoot, WISH } from "./run-trial.ts";
import { judgeTrial, parseTrial, type Trial, type TrialFacts } from "./trial.ts";
import { loadTrial, TRIAL } from "./trial-store.ts";

const FOLDER = "/etc/NetworkManager/system-connections";
const keyfile = (address: string): string =>
  `[connection]\nid=wired\nuuid=11111111-2222-4333-8444-555555555555\ntype=ethernet\n\n[ipv4]\nmethod=manual\naddress1=${address}/24\n`;
const former = keyfile("192.0.2.1");
const wanted = keyfile("198.51.100.1");
const apply = (connections: unknown, more = {}) => JSON.stringify({ verb: "apply", connections, ...more });

type Options = { readonly cutAfter?: number; readonly boot?: string; readonly serverAnswersAt?: number };

/** A device whose clock goes on while it waits, and with every program that it runs. */
function device({ cutAfter, boot = "first", serverAnswersAt }: Options = {}): SimulatedMachine {
  const machine = simulateMachine(
    (argv, self) => {
      tick(self, 1);
      const line = argv.join(" ");
      if (line.includes("UUID,DEVICE")) return { output: "11111111-2222-4333-8444-555555555555:eth0\n" };
      if (line.includes("UUID,FILENAME")) {
        const names = self.list(FOLDER) ?? [];
        return { output: names.map((name) => `11111111-2222-4333-8444-555555555555:${FOLDER}/${name}\n`).join("") };
      }
      const isLate = serverAnswersAt === undefined || clockOf(self) < serverAnswersAt;
      return argv[0] === "curl" && isLate ? { status: 7 } : undefined;
    },
    cutAfter === undefined ? {} : { cutAfter },
  );
  machine.put("/proc/sys/kernel/random/boot_id", `${boot}\n`);
  machine.put("/proc/uptime", "100.00 1.0\n");
  machine.put(`${FOLDER}/wired`, former);
  return { ...machine, sleep: (milliseconds) => tick(machine, milliseconds / 1000) };
}
const clockOf = (machine: SimulatedMachine): number => Number((machine.readText("/proc/uptime") ?? "").split(" ")[0]);
const tick = (machine: SimulatedMachine, seconds: number): void =>
  machine.put("/proc/uptime", `${clockOf(machine) + seconds} 1.0\n`);
const fileOf = (machine: SimulatedMachine): string | undefined => machine.readText(`${FOLDER}/wired`);
/** The same disk in another boot; what was in memory is gone. */
function rebooted(machine: SimulatedMachine, cutAfter?: number): SimulatedMachine {
  const next = device({ boot: "second", ...(cutAfter === undefined ? {} : { cutAfter }) });
  for (const path of [TRIAL, `${FOLDER}/wired`, `${FOLDER}/more`, "/mnt/boot/system-connections/wired"]) {
    const text = machine.readText(path);
    if (text === undefined) next.nodes.delete(path);
    else next.put(path, text);
  }
  return next;
}

describe("a change of the network", () => {
  it("comes back by itself when nobody confirms it", () => {
    const machine = device();
    expect(answerRequest(machine, apply({ wired: wanted }))).toMatchObject({
      ok: true,
      status: "trying",
      secondsLeft: expect.any(Number),
    });
    expect(machine.commands).toContain("systemctl --no-block restart holdfast-network-trial.service");
    expect(fileOf(machine)).toBe(former);
    const start = clockOf(machine);
    runTrial(machine);
    expect(clockOf(machine) - start).toBeGreaterThan(110);
    expect(clockOf(machine) - start).toBeLessThan(135);
    expect(fileOf(machine)).toBe(former);
    expect(networkStatus(machine)).toMatchObject({ status: "reverted", reason: "nobody confirmed it in time" });
    expect(machine.commands.at(-3)).toContain("connection up uuid");
    expect(machine.readText(TRIAL)).not.toContain("address1");
  });

  it("stays when the fleet server answers over it, and is there after a reboot", () => {
    const machine = device({ serverAnswersAt: 130 });
    machine.put("/mnt/boot/config.json", '{"apiEndpoint":"https://api.example.com"}');
    machine.put("/mnt/boot/system-connections/wired", former);
    answerRequest(machine, apply({ wired: wanted, more: null }));
    runTrial(machine);
    expect(networkStatus(machine)).toMatchObject({ status: "confirmed", reason: "the fleet server answers" });
    expect(machine.readText("/mnt/boot/system-connections/wired")).toBe(wanted);
    const next = rebooted(machine);
    settleAtBoot(next);
    expect(fileOf(next)).toBe(wanted);
  });

  it("is ended by hand, either way, by its own id only", () => {
    for (const [wish, text] of [
      ["confirm", wanted],
      ["revert", former],
    ] as const) {
      const machine = device();
      const answer = answerRequest(machine, apply({ wired: wanted }));
      machine.put(WISH, `other ${wish === "confirm" ? "revert" : "confirm"}`);
      expect(answerRequest(machine, `{"verb":"${wish}","id":"other"}`)).toMatchObject({
        code: "host.no-network-change",
      });
      machine.put(WISH, `${answer.ok ? answer.id : ""} ${wish}\n`);
      runTrial(machine);
      expect(networkStatus(machine)).toMatchObject({
        status: wish === "confirm" ? "confirmed" : "reverted",
        reason: "by hand",
      });
      expect(fileOf(machine)).toBe(text);
    }
  });

  it("is undone before NetworkManager starts when the device restarts meanwhile", () => {
    const machine = device();
    answerRequest(machine, apply({ wired: wanted, more: keyfile("192.0.2.9").replace("11111111", "22222222") }));
    machine.put(`${FOLDER}/wired`, wanted);
    machine.put(`${FOLDER}/more`, "new");
    const next = rebooted(machine);
    expect(settleAtBoot(next)).toBe(0);
    expect(fileOf(next)).toBe(former);
    expect(next.kindOf(`${FOLDER}/more`)).toBeUndefined();
    expect(networkStatus(next)).toMatchObject({ status: "reverted" });
    expect(next.commands.filter((line) => line.startsWith("nmcli"))).toEqual([]);
  });

  it("leaves the former or the confirmed connections when the power fails at any step, also while it is undone", () => {
    for (const isGood of [true, false]) {
      for (let cutAfter = 0; ; cutAfter += 1) {
        const machine = device({ cutAfter, ...(isGood ? { serverAnswersAt: 0 } : {}) });
        machine.put("/mnt/boot/config.json", '{"apiEndpoint":"https://api.example.com"}');
        machine.put("/mnt/boot/system-connections/wired", former);
        machine.put("/mnt/state/.there", "");
        let isCut = false;
        try {
          answerRequest(machine, apply({ wired: wanted }, { confirmWithin: 30 }));
          runTrial(machine);
        } catch (error) {
          if (!(error instanceof PowerCut)) throw error;
          isCut = true;
        }
        const isKept = loadTrial(machine)?.status === "confirmed";
        // The next boot is cut, too, at each of its first steps.
        for (let second = 0; second < 12; second += 3) {
          const next = rebooted(machine, second);
          try {
            settleAtBoot(next);
          } catch (error) {
            if (!(error instanceof PowerCut)) throw error;
          }
          const last = rebooted(next);
          settleAtBoot(last);
          const expected = isKept ? wanted : former;
          expect(fileOf(last)).toBe(expected);
          expect(last.readText("/mnt/boot/system-connections/wired") ?? expected).toBe(expected);
          expect(loadTrial(last)?.status).not.toBe("trying");
        }
        if (!isCut) break;
      }
    }
  });

  it("goes on where it was when its watcher dies", () => {
    for (let cutAfter = 12; cutAfter < 40; cutAfter += 1) {
      const machine = device({ cutAfter });
      try {
        answerRequest(machine, apply({ wired: wanted }, { confirmWithin: 30 }));
        runTrial(machine);
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
      }
      const again = device();
      for (const path of [TRIAL, `${FOLDER}/wired`]) again.put(path, machine.readText(path) ?? "");
      runTrial(again);
      expect(fileOf(again)).toBe(former);
      expect(loadTrial(again)?.status ?? "reverted").toBe("reverted");
    }
  });

  it("is refused, and nothing changes: during another one, with a bad keyfile, name, uuid or window", () => {
    const machine = device();
    const code = (text: string): unknown => {
      const answer = answerRequest(machine, text);
      return answer.ok ? "taken" : answer.code;
    };
    machine.put(`${FOLDER}/other`, former.replace("11111111", "33333333"));
    expect(code(apply({ wired: "[connection\n" }))).toBe("host.invalid-connection");
    expect(code(apply({ wired: keyfile("300.1.1.1") }))).toBe("host.invalid-connection");
    expect(code(apply({ "../x": wanted }))).toBe("host.invalid-connection");
    expect(code(apply({ "a.ignore": wanted }))).toBe("host.invalid-connection");
    expect(code(apply({ wired: wanted.replace("11111111", "33333333") }))).toBe("host.invalid-connection");
    expect(code(apply({ wired: wanted }, { confirmWithin: 5 }))).toBe("host.invalid-connection");
    expect(code(apply({}))).toBe("host.invalid-connection");
    expect(code(apply({ wired: 5 }))).toBe("host.invalid-connection");
    expect(code("nonsense")).toBe("host.invalid-network-request");
    expect(code('{"verb":"confirm"}')).toBe("host.no-network-change");
    expect(machine.kindOf(TRIAL)).toBeUndefined();
    expect(code(apply({ wired: wanted }))).toBe("taken");
    expect(code(apply({ wired: wanted }))).toBe("host.network-change-pending");
  });

  it("is asked for by the supervisor through files", () => {
    const machine = device();
    machine.put(`${REQUESTS}/a.request`, apply({ wired: wanted }));
    answerRequests(machine);
    expect(machine.list(REQUESTS)).toEqual(["a.answer"]);
    expect(JSON.parse(machine.readText(`${REQUESTS}/a.answer`) ?? "")).toMatchObject({ ok: true, status: "trying" });
  });
});

describe("judgeTrial", () => {
  const trial: Trial = {
    ...{ version: 1, id: "a", status: "trying", boot: "b", until: 100, changes: {}, former: {}, active: [] },
  };
  const facts = fc.record(
    {
      boot: fc.constantFrom("b", "c"),
      uptime: fc.nat(200),
      isServerReached: fc.boolean(),
      wish: fc.constantFrom("confirm" as const, "revert" as const),
    },
    { requiredKeys: ["boot", "uptime", "isServerReached"] },
  );

  it("never outlives its boot or its time, and never ends twice", () => {
    fc.assert(
      fc.property(facts, (given: TrialFacts) => {
        const verdict = judgeTrial(trial, given);
        if (given.boot !== "b") expect(verdict?.end).toBe("reverted");
        if (given.uptime >= 100) expect(verdict).toBeDefined();
        if (verdict?.end === "confirmed") expect(given.wish === "confirm" || given.isServerReached).toBe(true);
        expect(judgeTrial({ ...trial, status: "confirmed" }, given)).toBeUndefined();
        expect(judgeTrial({ ...trial, status: "reverted" }, given)).toBeUndefined();
      }),
    );
  });

  it("reads what it wrote, and nothing else", () => {
    expect(parseTrial(JSON.stringify(trial))).toEqual(trial);
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => parseTrial(text) === undefined));
  });
});
