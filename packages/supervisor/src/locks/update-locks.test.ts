import { describe, expect, it } from "vitest";
import { recordingLog } from "../testing/scratch.ts";
import { SimulatedLocks } from "../testing/simulated-locks.ts";
import { testClock } from "../testing/test-clock.ts";
import type { LockGroup } from "./lock-group.ts";
import { UpdateLocks } from "./update-locks.ts";

const shop: LockGroup = { appId: 1, services: ["db", "web"], scope: "app" };
const till: LockGroup = { appId: 1, services: ["till"], scope: "service" };
const other: LockGroup = { appId: 2, services: ["main"], scope: "app" };
const apply = { holder: "apply", isForced: () => false } as const;

describe("update locks", () => {
  it("take each group as a whole or not at all, and tell who holds the rest in the words of the contract", async () => {
    const files = new SimulatedLocks();
    const locks = new UpdateLocks(files);
    files.users.add("1/web");
    const reason = "Lockfile exists for { appId: 1, service: web }";
    expect(await locks.take([shop, till, other], apply)).toEqual([{ group: shop, reason }]);
    expect([...files.own].sort()).toEqual(["1/till", "2/main"]);
    files.users.clear();
    expect(await locks.take([shop], apply)).toEqual([]);
    await locks.release("apply", new Set([2]));
    expect([...files.own]).toEqual(["2/main"]);
  });

  it("by force, do away with the users' locks of that group only", async () => {
    const files = new SimulatedLocks();
    const locks = new UpdateLocks(files);
    for (const key of ["1/web", "2/main"]) files.users.add(key);
    const refusals = await locks.take([shop, other], { holder: "apply", isForced: ({ appId }) => appId === 1 });
    expect(refusals.map(({ group }) => group)).toEqual([other]);
    expect([...files.users]).toEqual(["2/main"]);
  });

  it("of a service that is dead do not count, those of its neighbours do", async () => {
    const files = new SimulatedLocks();
    const log = recordingLog();
    const locks = new UpdateLocks(files, { isDead: ({ service }) => service === "web", log });
    for (const key of ["1/web", "1/db"]) files.users.add(key);
    expect(await locks.take([shop], apply)).toMatchObject([{ reason: expect.stringMatching(/service: db/) }]);
    files.users.delete("1/db");
    expect(await locks.take([shop], apply)).toEqual([]);
    expect([...files.own].sort()).toEqual(["1/db", "1/web"]);
    expect(log.lines).toEqual([expect.stringMatching(/service: web } is removed: the service keeps ending/)]);
  });

  it("refuse a group whose files cannot be written, and go on with the others", async () => {
    const files = new SimulatedLocks();
    const take = files.take;
    files.take = (service) => (service.service === "web" ? Promise.reject(new Error("disk full")) : take(service));
    const refusals = await new UpdateLocks(files).take([shop, other], apply);
    expect(refusals).toEqual([{ group: shop, reason: "Update locks of app 1 cannot be taken: disk full" }]);
    expect([...files.own]).toEqual(["2/main"]);
  });

  it("that a former process left are removed, those of users are not", async () => {
    const files = new SimulatedLocks();
    files.own.add("1/web");
    files.users.add("1/db");
    await new UpdateLocks(files).releaseLeftovers();
    expect([...files.own, ...files.users]).toEqual(["1/db"]);
  });

  it("are held around work on the host, and let go of also when it fails", async () => {
    const files = new SimulatedLocks();
    const locks = new UpdateLocks(files);
    const clock = testClock();
    const during = await locks.withAll(() => [shop, other], { clock, run: async () => [...files.own] });
    expect(during).toEqual(["1/db", "1/web", "2/main"]);
    expect(files.own.size).toBe(0);
    const broken = locks.withAll(() => [shop], { clock, keep: true, run: () => Promise.reject(new Error("no bus")) });
    await expect(broken).rejects.toThrow("no bus");
    expect(files.own.size).toBe(0);
    await locks.withAll(() => [shop], { clock, keep: true, run: async () => {} });
    expect(files.own.size).toBe(2);
  });

  it("keep updates off while the host is changed", async () => {
    const locks = new UpdateLocks(new SimulatedLocks());
    await locks.withAll(() => [shop], {
      clock: testClock(),
      run: async () => {
        expect(await locks.take([shop], apply)).toMatchObject([{ reason: expect.stringMatching(/about to be/) }]);
      },
    });
    expect(await locks.take([shop], apply)).toEqual([]);
  });

  it("let work on the host wait ten seconds for an update, not for a user", async () => {
    const files = new SimulatedLocks();
    const locks = new UpdateLocks(files);
    const clock = testClock();
    await locks.take([shop], apply);
    const work = { clock, run: async () => "done" };
    await expect(locks.withAll(() => [shop], work)).rejects.toMatchObject({ code: "supervisor.updates-locked" });
    expect(clock.passed()).toBe(10_000);
    const waiting = locks.withAll(() => [shop], work);
    await locks.release("apply");
    expect(await waiting).toBe("done");
    files.users.add("1/web");
    const before = clock.passed();
    await expect(locks.withAll(() => [shop], work)).rejects.toThrow("Lockfile exists for { appId: 1, service: web }");
    expect(clock.passed()).toBe(before);
    expect(await locks.withAll(() => [shop], { ...work, force: true })).toBe("done");
  });
});
