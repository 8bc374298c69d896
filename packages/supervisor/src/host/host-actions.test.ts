import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UpdateLocks } from "../locks/update-locks.ts";
import { recordingLog, scratchDirectory } from "../testing/scratch.ts";
import { SimulatedLocks } from "../testing/simulated-locks.ts";
import { testClock } from "../testing/test-clock.ts";
import { HostActions } from "./host-actions.ts";
import type { HostPower } from "./host-power.ts";
import { RebootRequired } from "./reboot-required.ts";

const calm = { force: false };

function scene(directory: string, power: Partial<HostPower> = {}) {
  const done: string[] = [];
  const files = new SimulatedLocks();
  const log = recordingLog();
  const clock = testClock();
  const required = new RebootRequired(directory);
  let isOverridden = false;
  const actions = new HostActions({
    power: { reboot: async () => void done.push("reboot"), shutdown: async () => void done.push("shutdown"), ...power },
    locks: new UpdateLocks(files),
    lockGroups: () => [{ appId: 1, services: ["web"], scope: "app" }],
    isOverridden: () => isOverridden,
    required,
    stateDir: directory,
    clock,
    log,
  });
  const override = (): void => {
    isOverridden = true;
  };
  return { actions, done, files, log, clock, required, override };
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 5000 && !condition(); tries += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(condition()).toBe(true);
}

describe("actions on the host", () => {
  it("happen a second after they are taken on, with the locks of all apps held", async () => {
    await using scratch = await scratchDirectory();
    const { actions, done, files, clock } = scene(scratch.path);
    await actions.reboot(calm);
    expect(done).toEqual([]);
    expect([...files.own]).toEqual(["1/web"]);
    await until(() => done.length > 0);
    expect(clock.passed()).toBeGreaterThanOrEqual(1000);
    expect(done).toEqual(["reboot"]);
  });

  it("let go of the locks when the host refuses, or is still up long after", async () => {
    await using scratch = await scratchDirectory();
    const refused = scene(scratch.path, { shutdown: () => Promise.reject(new Error("not now")) });
    await refused.actions.shutdown(calm);
    await until(() => refused.files.own.size === 0);
    expect(refused.log.lines).toContain("Shutting down: not now");
    const ignored = scene(scratch.path);
    await ignored.actions.shutdown(calm);
    await until(() => ignored.files.own.size === 0);
    expect(ignored.log.lines).toContain("Shutting down: the device is still up");
  });

  it("are refused by update locks, unless forced or overridden by the fleet", async () => {
    await using scratch = await scratchDirectory();
    const { actions, done, files, override } = scene(scratch.path);
    files.users.add("1/web");
    await expect(actions.reboot(calm)).rejects.toThrow("Lockfile exists for { appId: 1, service: web }");
    await actions.reboot({ force: true });
    await until(() => done.length === 1);
    files.users.add("1/web");
    override();
    await actions.shutdown(calm);
    await until(() => done.length === 2);
  });

  it.each(["rollback-health-breadcrumb", "rollback-altboot-breadcrumb"])(
    "are refused while %s says that an update of the OS is not confirmed, unless forced",
    async (mark) => {
      await using scratch = await scratchDirectory();
      await writeFile(join(scratch.path, mark), "");
      const { actions, done } = scene(scratch.path);
      await expect(actions.reboot(calm)).rejects.toMatchObject({
        code: "supervisor.updates-locked",
        message: "Waiting for Host OS update to finish",
      });
      await actions.reboot({ force: true });
      await until(() => done.length === 1);
    },
  );

  it("reboot by themselves when what was applied asks for it, as soon as no lock forbids", async () => {
    await using scratch = await scratchDirectory();
    const { actions, done, files, required, log } = scene(scratch.path);
    await actions.rebootIfRequired();
    await required.mark("persistentLogging");
    files.users.add("1/web");
    await actions.rebootIfRequired();
    expect(log.lines.at(-1)).toMatch(/required.*persistentLogging.*Lockfile exists/);
    files.users.clear();
    await actions.rebootIfRequired();
    await until(() => done.length === 1);
    expect(await required.reason()).toBeUndefined();
    expect(log.lines).toContain("Reboot has been scheduled to apply changes: persistentLogging");
  });

  it("reboot once for services that start after a reboot only", async () => {
    await using scratch = await scratchDirectory();
    const { actions, done, log } = scene(scratch.path);
    for (const look of [["driver"], ["driver"]]) await actions.rebootToStart(look);
    await until(() => done.length === 1);
    await actions.rebootToStart(["driver"]);
    expect(done).toHaveLength(1);
    expect(log.lines.filter((line) => line.includes("A reboot is needed to start driver"))).toHaveLength(1);
  });
});
