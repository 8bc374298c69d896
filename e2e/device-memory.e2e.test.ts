import { minutes, seconds } from "@holdfast/contracts";
import { sshOutput } from "@holdfast/vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import { appContainers, supervisorContainer } from "./device/containers.ts";
import type { Device } from "./device/device.ts";
import { startTrial, type TrialContainer, trialEnd } from "./device/trial-container.ts";

const MIB = 1024 * 1024;
/** A login under emulation takes two seconds on an idle machine; the rest is for the machines that tests run on. */
const LOGIN_LIMIT = seconds(30);
let device: Device;

beforeAll(async () => {
  device = await bootedDevice("e2e-memory");
  // It restarts chronyd every few minutes: here, no time server answers.
  await device.shell("systemctl stop chrony-watch.timer chrony-watch.service");
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

const SERVICES = ["balena", "balena-supervisor", "NetworkManager", "dnsmasq", "systemd-journald", "dbus", "chrony"];

/** Processes that apps must not cost: services, the supervisor's container, the sample's containers. */
async function survivors(): Promise<Record<string, number | string>> {
  const pids = (await device.shell(`systemctl show -P MainPID ${SERVICES.join(" ")} | grep .`)).split("\n");
  const apps = [...(await appContainers(device))].map(([service, { pid }]): [string, number] => [service, pid]);
  return {
    ...Object.fromEntries(SERVICES.map((service, index) => [service, pids[index] ?? ""])),
    supervisor: (await supervisorContainer(device)).pid,
    ...Object.fromEntries(apps),
  };
}

/** Logs in anew again and again until `work` is done; gives the longest time that a login took. */
async function slowestLogin(work: Promise<unknown>): Promise<number> {
  let slowest = 0;
  let done = false;
  const ended = work.finally(() => {
    done = true;
  });
  while (!done) {
    const began = performance.now();
    expect(await sshOutput(device.lab.host, device.vm, "echo here", { timeout: minutes(2) })).toBe("here\n");
    slowest = Math.max(slowest, performance.now() - began);
  }
  await ended;
  return slowest;
}

async function takeAll(name: string, script: string): Promise<void> {
  const before = await survivors();
  const eater = await startTrial(device, name, script);
  const slowest = await slowestLogin(eatenBy(eater));
  expect(slowest).toBeLessThan(LOGIN_LIMIT);
  expect(await survivors()).toEqual(before);
  expect(await device.api("/ping")).toBe("OK");
}

/** The kernel ended it, and nothing else. */
async function eatenBy(eater: TrialContainer): Promise<void> {
  expect(await trialEnd(device, eater)).toEqual({ status: 137, oom: true });
}

describe("memory", () => {
  it("is reserved for the engine, the supervisor and the system, at every level", async () => {
    const reserved = async (group: string): Promise<number> =>
      Number(await device.shell(`cat /sys/fs/cgroup/${group}/memory.min`)) / MIB;
    expect(await reserved("system.slice")).toBe(64);
    expect(await reserved("holdfast.slice")).toBe(112);
    expect(await reserved("holdfast.slice/holdfast-engine.slice")).toBe(64);
    expect(await reserved("holdfast.slice/holdfast-supervisor.slice")).toBe(48);
    // The slices hand it down.
    expect(await device.shell("grep ' /sys/fs/cgroup ' /proc/mounts")).toContain("memory_recursiveprot");
    expect(await device.shell("cat /sys/kernel/mm/lru_gen/min_ttl_ms")).toBe("1000");
  });

  it("is not reserved for apps, which are in a slice of their own and are killed first", async () => {
    for (const { pid } of (await appContainers(device)).values()) {
      const [group, adjustment] = (
        await device.shell(`cut -d: -f3 /proc/${pid}/cgroup; cat /proc/${pid}/oom_score_adj`)
      ).split("\n");
      expect(group).toMatch(/^\/apps\.slice\/docker-[0-9a-f]{64}\.scope(\/container)?$/);
      expect(adjustment).toBe("0");
    }
    const scores = { balena: -900, NetworkManager: -1000, dnsmasq: -1000, "balena-supervisor": -500, dbus: -900 };
    for (const [unit, score] of Object.entries(scores)) {
      const pid = await device.shell(`systemctl show -P MainPID ${unit}`);
      expect([unit, await device.shell(`cat /proc/${pid}/oom_score_adj`)]).toEqual([unit, String(score)]);
    }
    expect(await device.shell("cat /proc/self/oom_score_adj")).toBe("-500");
  });
});

describe("an app", () => {
  it("that takes all memory is killed, and nobody else notices", { timeout: minutes(8) }, async () => {
    await takeAll("eats", "head -c 4G /dev/urandom | tail -c 4G >/dev/null");
  });

  it("that takes what swaps well is killed, too", { timeout: minutes(8) }, async () => {
    await takeAll("eats-nought", "tail /dev/zero");
  });

  it("that starts processes without end leaves others theirs", { timeout: minutes(8) }, async () => {
    const before = await survivors();
    const bomb = await startTrial(device, "forks", "f() { f | f & }; f; sleep 1000");
    const slowest = await slowestLogin(new Promise((resolve) => setTimeout(resolve, seconds(30))));
    expect(slowest).toBeLessThan(LOGIN_LIMIT);
    const tasks = Number(await device.shell("cat /sys/fs/cgroup/apps.slice/pids.current"));
    const limit = Number(await device.shell("cat /sys/fs/cgroup/apps.slice/pids.max"));
    const most = Number(await device.shell("cat /proc/sys/kernel/threads-max"));
    expect(limit).toBeLessThan(most * 0.8);
    expect(tasks).toBeLessThanOrEqual(limit);
    await device.shell(`docker rm --force ${bomb.name}`);
    expect(await survivors()).toEqual(before);
    expect(await device.api("/ping")).toBe("OK");
  });
});
