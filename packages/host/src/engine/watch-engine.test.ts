import { expect, it } from "vitest";
import { simulateMachine } from "../machine/simulated-machine.ts";
import { parseTimespan, watchEngine } from "./watch-engine.ts";

it.each([
  ["6min", 360e6],
  ["1min 30s", 90e6],
  ["15s", 15e6],
  ["500ms", 0.5e6],
  ["infinity", 0],
  ["0", 0],
])("reads the time span %s", (text, micros) => {
  expect(parseTimespan(text)).toBe(micros);
});

it("feeds the watchdog while the engine answers, and ends with the engine's process", () => {
  let probes = 0;
  const machine = simulateMachine((argv, self) => {
    if (argv[0] === "systemctl") return { output: "15s\n" };
    if (argv[0] !== "curl") return undefined;
    probes += 1;
    if (probes === 4) self.remove("/proc/77");
    return { output: probes === 2 ? "\n000" : "OK\n200" };
  });
  machine.put("/proc/77", "");
  expect(watchEngine(machine, ["77"])).toBe(0);
  expect(probes).toBe(4);
  expect(machine.commands.filter((line) => line === "systemd-notify WATCHDOG=1")).toHaveLength(3);
});
