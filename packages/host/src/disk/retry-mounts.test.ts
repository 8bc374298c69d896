import { expect, it } from "vitest";
import { simulateMachine } from "../machine/simulated-machine.ts";
import { retryMounts } from "./retry-mounts.ts";

const REBOOT = "systemctl --no-block reboot";

/** As systemd calls it while the mount keeps failing: after 90 s of waiting for the partition, each time. */
function failFor(minutes: number, machine = simulateMachine()): readonly string[] {
  while (machine.now() < minutes * 60_000 && !machine.commands.includes(REBOOT)) {
    machine.sleep(90_000);
    retryMounts(machine);
  }
  return machine.commands;
}

it("asks for the whole system again, after a pause", () => {
  const machine = simulateMachine();
  expect(retryMounts(machine)).toBe(0);
  expect(machine.commands).toEqual(["systemctl --no-block start multi-user.target"]);
  expect(machine.now()).toBeGreaterThanOrEqual(30_000);
});

it("reboots a device in production that could not mount for a quarter of an hour, not sooner", () => {
  expect(failFor(15)).not.toContain(REBOOT);
  expect(failFor(20).at(-1)).toBe(REBOOT);
});

it("never reboots in development mode: someone is looking", () => {
  const machine = simulateMachine();
  machine.put("/run/holdfast/development", "");
  expect(failFor(60, machine)).not.toContain(REBOOT);
});
