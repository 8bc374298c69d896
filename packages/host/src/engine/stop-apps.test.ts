import { expect, it } from "vitest";
import { simulateMachine } from "../machine/simulated-machine.ts";
import { stopApps } from "./stop-apps.ts";

it("asks for every running container's stop at once", () => {
  const machine = simulateMachine((argv) =>
    (argv.at(-1) ?? "").endsWith("/containers/json") ? { output: '[{"Id":"a"},{"Id":"b"}]\n200' } : undefined,
  );
  expect(stopApps(machine)).toBe(0);
  expect(machine.commands).toHaveLength(2);
  expect(machine.commands[1]).toMatch(/--parallel .*containers\/a\/stop .*containers\/b\/stop$/);
});

it("does nothing without an engine", () => {
  const machine = simulateMachine(() => ({ output: "\n000" }));
  expect(stopApps(machine)).toBe(0);
  expect(machine.commands).toHaveLength(1);
});
