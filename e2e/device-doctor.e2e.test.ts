import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { repositoryRoot } from "@holdfast/cli";
import { minutes } from "@holdfast/contracts";
import type { Report } from "@holdfast/host";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import type { Device } from "./device/device.ts";
import { NameServer } from "./neighbour/name-server.ts";
import { TimeServer } from "./neighbour/time-server.ts";

/** QEMU's own name server and the one that devices ask besides: neither has an answer in every laboratory. */
const NAME_SERVERS = ["10.0.2.3", "8.8.8.8"];
const NTP = "198.51.100.1";
const NAME = "e2e-doctor";
/** Services settle, timers come round. */
const patiently = { timeout: minutes(4), interval: 2000 };
let device: Device;
let names: NameServer;
let time: TimeServer;

beforeAll(async () => {
  device = await bootedDevice(NAME);
  names = await NameServer.start(NTP);
  time = await TimeServer.start();
  for (const address of NAME_SERVERS) await device.shell(names.reachedAs(address));
  await device.shell(time.reachedAs(NTP));
  // It has waited in vain for names so far; the watch would start it at its own time.
  await device.shell("systemctl stop chrony-watch.timer chrony-watch.service && systemctl restart chrony");
});
afterAll(async () => {
  names?.[Symbol.dispose]();
  time?.[Symbol.dispose]();
  await device?.[Symbol.asyncDispose]();
});

type Examination = { readonly status: number; readonly report: Report };
async function examine(): Promise<Examination> {
  const { stdout, status } = await device.attempt("holdfast doctor --json");
  return { status, report: JSON.parse(stdout) as Report };
}
/** Codes of what is not well, by check. */
async function troubles(): Promise<Readonly<Record<string, string>>> {
  const { report } = await examine();
  const bad = report.findings.filter(({ level }) => level !== "ok");
  return Object.fromEntries(bad.map(({ check, code }) => [check, code]));
}
const untilWell = async (): Promise<void> => await expect.poll(troubles, patiently).toEqual({});

describe("a healthy device", () => {
  it("is found well by every check, with status 0", async () => {
    await untilWell();
    const { status, report } = await examine();
    expect([status, report.level]).toEqual([0, "ok"]);
    expect(report.findings.map(({ what }) => what).join("\n")).toMatch(/version 26\..*containers/);
  });

  it("is told of in a table, in time", async () => {
    const table = await device.shell("{ time -p holdfast doctor; } 2>&1");
    expect(table).toMatch(/^ok {7}network\.link +\w+ up$/m);
    expect(table).toContain("failures: 0, warnings: 0");
    expect(Number(/^real ([\d.]+)$/m.exec(table)?.[1])).toBeLessThan(15);
  });

  it("is asked from another machine with the same result", async () => {
    const main = path.join(repositoryRoot, "packages/cli/src/main.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [main, "doctor", NAME, "--json"], {
      timeout: minutes(2),
    });
    const here = (JSON.parse(stdout) as Report).findings.map(({ check, code }) => [check, code]);
    const there = (await examine()).report.findings.map(({ check, code }) => [check, code]);
    expect(here).toEqual(there);
  });

  it("keeps its keys to itself", async () => {
    const secrets = (
      await device.shell(
        `jq -r '.uuid, .deviceApiKey // empty' /mnt/boot/config.json | tail -n +2; sed -n 's/.*"globalKey":"\\([^"]*\\)".*/\\1/p' /mnt/data/resin-data/balena-supervisor/settings.json`,
      )
    ).split("\n");
    expect(secrets.length).toBeGreaterThan(1);
    const told = await device.shell("holdfast doctor --json; holdfast doctor");
    for (const secret of secrets) expect(told).not.toContain(secret);
  });
});

/** What is broken how, what the doctor has to name, and how it is mended. */
const wounds: readonly (readonly [title: string, wound: string, named: Record<string, string>, mend: string])[] = [
  [
    "dnsmasq is stopped",
    "systemctl stop dnsmasq",
    { "dns.resolver": "dns.no-resolver", "dns.lookup": "dns.not-found" },
    "systemctl start dnsmasq",
  ],
  ["chronyd is stopped", "systemctl stop chrony", { "time.sync": "time.no-daemon" }, "systemctl start chrony"],
  [
    "the engine is stopped",
    "systemctl stop balena-supervisor balena.socket balena",
    { "engine.answer": "engine.stopped", "supervisor.answer": "supervisor.stopped" },
    "systemctl start balena.socket balena balena-supervisor",
  ],
  [
    "the data partition is full",
    "fallocate -l $(( $(stat -f -c '%a * %S' /mnt/data) - 33554432 )) /mnt/data/ballast",
    { "disk.space": "disk.full" },
    "rm -f /mnt/data/ballast",
  ],
  [
    "config.json is broken",
    `cp /mnt/boot/config.json /run/config.json && printf '{\\n  "hostname": "pump' >/mnt/boot/config.json && sync`,
    { "config.file": "config.broken" },
    "cp /run/config.json /mnt/boot/config.json && sync",
  ],
  [
    "a key of config.json is refused",
    `cp /mnt/boot/config.json /run/config.json && jq '.colour = "blue"' /run/config.json >/mnt/boot/config.json`,
    { "config.file": "config.refused-keys" },
    "cp /run/config.json /mnt/boot/config.json && sync",
  ],
];

describe("a device on which", () => {
  it.each(wounds)(
    "%s has that named, and is well again afterwards",
    { timeout: minutes(12) },
    async (...[, wound, named, mend]) => {
      await device.shell(wound);
      try {
        await expect.poll(troubles, patiently).toMatchObject(named);
        const { status, report } = await examine();
        expect(status).toBe(report.level === "failure" ? 1 : 0);
        expect(report.findings.find(({ code }) => Object.values(named).includes(code))?.todo).not.toBe("");
      } finally {
        await device.shell(mend);
      }
      await untilWell();
    },
  );

  it("a name server dies hears of that one", { timeout: minutes(8) }, async () => {
    await device.shell("ip route add blackhole 192.0.2.99 && printf 'nameserver 192.0.2.99\\n' | resolvconf -a e2e");
    try {
      const { report } = await examine();
      const found = report.findings.find(({ check }) => check === "dns.servers");
      expect(found).toMatchObject({ code: "dns.silent-server", what: expect.stringContaining("192.0.2.99 is silent") });
    } finally {
      await device.shell("resolvconf -d e2e; ip route del blackhole 192.0.2.99");
    }
    await untilWell();
  });

  it("a program hangs is still told of the rest, in time", { timeout: minutes(8) }, async () => {
    const pid = await device.shell("systemctl show -P MainPID balena.service");
    await device.shell(`kill -STOP ${pid}`);
    try {
      const { stdout } = await device.attempt("{ time -p holdfast doctor; } 2>&1");
      expect(stdout).toContain("[engine.no-answer]");
      expect(stdout).toMatch(/^ok {7}network\.link/m);
      expect(Number(/^real ([\d.]+)$/m.exec(stdout)?.[1])).toBeLessThan(20);
    } finally {
      await device.shell(`kill -CONT ${pid}`);
    }
    await untilWell();
  });
});
