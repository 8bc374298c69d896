import { describe, expect, it } from "vitest";
import { allChecks } from "./checks/all-checks.ts";
import { diagnose } from "./diagnose.ts";
import type { Facts } from "./facts/facts.ts";
import { factsWith, healthyValues, type Values } from "./healthy-facts.ts";

const MIB = 1024 * 1024;
const { units, supervisor, tunnel, memory, heat, links, room } = healthyValues;
const stopped = (unit: keyof Values["units"]): Partial<Values> => ({ units: { ...units, [unit]: "inactive (dead)" } });
const gateway = { address: "192.168.1.1", link: "eth0", answers: true } as const;
const unsynchronised = {
  isSynchronised: false,
  source: "",
  offset: 0,
  sources: [{ name: "192.0.2.1", state: "silent" }],
} as const;
const roomOf = (place: "boot" | "state" | "data", changed: Partial<Values["room"][number]>): Partial<Values> => ({
  room: room.map((each) => (each.place === place ? { ...each, ...changed } : each)),
});
const container = (state: string, isUnhealthy = false): Partial<Values> => ({
  engine: { version: "26.1.5", containers: [{ name: "web_1_1", state, isUnhealthy }] },
});

/** Each trouble: what is different from a healthy device, the code, and words of what is told. */
const troubles: readonly (readonly [changed: Partial<Values>, code: string, told: string])[] = [
  [{ memory: { ...memory, kills: 2, killed: ["node"] } }, "system.memory-ran-out", "2 processes were killed: node"],
  [{ memory: { ...memory, availableBytes: 40 * MIB } }, "system.memory-low", "40 of 1000 MiB"],
  [{ failedUnits: ["mnt-data.mount"] }, "system.failed-units", "failed: mnt-data.mount"],
  [
    { heat: { ...heat, zones: [{ name: "cpu", degrees: 101, critical: 105 }] } },
    "system.overheating",
    "cpu has 101 °C",
  ],
  [{ heat: { ...heat, zones: [{ name: "soc", degrees: 86, critical: undefined }] } }, "system.hot", "soc has 86 °C"],
  [{ heat: { ...heat, slowed: ["cpufreq-cpu0"] } }, "system.hot", "slowed: cpufreq-cpu0"],
  [{ heat: { ...heat, isPowerLow: true } }, "system.power-low", "voltage"],
  [{ mounts: [{ place: "data", is: "absent" }] }, "disk.not-mounted", "/mnt/data is absent"],
  [{ mounts: [{ place: "state", is: "in memory" }] }, "disk.not-mounted", "/mnt/state is in memory"],
  [{ mounts: [{ place: "data", is: "read-only" }] }, "disk.read-only", "/mnt/data cannot be written"],
  [{ diskReads: [{ place: "boot", is: "unreadable" }] }, "disk.unreadable", "resin-boot cannot be read"],
  [{ diskReads: [{ place: "data", is: "silent" }] }, "disk.hangs", "resin-data does not answer"],
  [roomOf("data", { freeBytes: 60 * MIB }), "disk.full", "/mnt/data: 60 of 6000 MiB free"],
  [roomOf("data", { freeFiles: 10 }), "disk.full", "10 more files"],
  [roomOf("state", { freeBytes: 1 * MIB }), "disk.full", "/mnt/state: 1 of 116"],
  [roomOf("data", { freeBytes: 250 * MIB }), "disk.low", "/mnt/data: 250"],
  [roomOf("boot", { freeBytes: 20 * MIB }), "disk.low", "/mnt/boot: 20 of 256 MiB free"],
  [{ filesystemErrors: [{ place: "data", count: 3 }] }, "disk.filesystem-errors", "/mnt/data: 3"],
  [{ ioErrors: { count: 7, disks: ["mmcblk0"] } }, "disk.io-errors", "7 of mmcblk0"],
  [{ wear: { usedTenths: 11, reserve: "normal" } }, "disk.worn-out", "all of the eMMC's life"],
  [{ wear: { usedTenths: 1, reserve: "urgent" } }, "disk.worn-out", "urgent"],
  [{ wear: { usedTenths: 9, reserve: "normal" } }, "disk.wearing-out", "90 %"],
  [{ wear: { usedTenths: 1, reserve: "warning" } }, "disk.wearing-out", "warning"],
  [{ config: { is: "lost" } }, "config.lost", "missing"],
  [
    { config: { is: "broken", reason: "line 3, column 1: expected a comma or }" } },
    "config.broken",
    "line 3, column 1",
  ],
  [
    { config: { is: "valid", refused: ["hostname: not a name"] } },
    "config.refused-keys",
    "ignored: hostname: not a name",
  ],
  [stopped("NetworkManager.service"), "network.no-manager", "NetworkManager is inactive (dead)"],
  [{ links: links.map((link) => ({ ...link, hasCarrier: false })) }, "network.no-link", "not connected: eth0, wlan0"],
  [{ links: [] }, "network.no-link", "no network hardware"],
  [{ links: [{ name: "eth0", hasCarrier: true, addresses: [] }] }, "network.no-address", "no link has an address"],
  [{ links: [{ name: "eth0", hasCarrier: true, addresses: ["169.254.1.2"] }] }, "network.no-address", "no DHCP server"],
  [{ routes: [] }, "network.no-route", "no default route"],
  [{ gateways: [{ ...gateway, answers: false }] }, "network.no-gateway", "192.168.1.1 on eth0"],
  [
    { gateways: [gateway, { ...gateway, address: "fe80::1", answers: false }] },
    "network.silent-gateway",
    "fe80::1 on eth0",
  ],
  [{ web: { host: "h.test", answer: { kind: "unexpected", status: 302 } } }, "network.portal", "status 302"],
  [
    { web: { host: "h.test", answer: { kind: "none", reason: "it does not answer in time" } } },
    "network.no-web",
    "h.test",
  ],
  [{ resolver: false, ...stopped("dnsmasq.service") }, "dns.no-resolver", "dnsmasq is inactive (dead)"],
  [{ resolver: false }, "dns.no-resolver", "dnsmasq does not answer"],
  [{ nameServers: [] }, "dns.no-server", "no name server"],
  [{ nameServers: [{ address: "8.8.8.8", says: "silent" }] }, "dns.no-server", "8.8.8.8 is silent"],
  [
    { nameServers: [...healthyValues.nameServers, { address: "192.0.2.9", says: "refuses" }] },
    "dns.silent-server",
    "192.0.2.9 refuses",
  ],
  [{ lookup: { name: "api.test", isFound: false } }, "dns.not-found", "api.test is not found"],
  [{ clock: { now: 0, release: 1_700_000_000 } }, "time.before-release", "1970-01-01 00:00:00 UTC"],
  [{ chrony: undefined, ...stopped("chrony.service") }, "time.no-daemon", "chrony is inactive (dead)"],
  [{ chrony: undefined }, "time.no-daemon", "does not answer"],
  [{ chrony: unsynchronised, web: undefined }, "time.not-synchronised", "asked 192.0.2.1"],
  [{ chrony: { ...unsynchronised, sources: [] }, web: undefined }, "time.not-synchronised", "no time server"],
  [
    { chrony: unsynchronised, web: { host: "h", answer: { kind: "expected", date: 1_000_000_000 } } },
    "time.not-synchronised",
    "follows nobody",
  ],
  [{ chrony: unsynchronised }, "time.by-web", "follows nobody"],
  [{ chrony: { ...unsynchronised, isSynchronised: true, source: "192.0.2.1", offset: 4 } }, "time.offset", "4.000 s"],
  [{ engine: undefined, ...stopped("balena.service") }, "engine.stopped", "balena is inactive (dead)"],
  [{ engine: undefined }, "engine.no-answer", "does not answer"],
  [container("restarting"), "engine.restarting", "web_1_1"],
  [container("running", true), "engine.unhealthy", "web_1_1"],
  [
    { supervisor: { ...supervisor, answers: false }, ...stopped("balena-supervisor.service") },
    "supervisor.stopped",
    "balena-supervisor is inactive (dead)",
  ],
  [
    {
      supervisor: { ...supervisor, answers: false },
      engine: { version: "", containers: [{ name: "balena_supervisor", state: "exited", isUnhealthy: false }] },
    },
    "supervisor.stopped",
    "its container is exited",
  ],
  [{ supervisor: { ...supervisor, answers: false } }, "supervisor.no-answer", "/ping"],
  [{ supervisor: { ...supervisor, isHealthy: false } }, "supervisor.unhealthy", "/v1/healthy"],
  [{ supervisor: { ...supervisor, appState: "applying" } }, "supervisor.applying", "being applied"],
  [{ tunnel: { ...tunnel, isUp: false, isDisabled: true } }, "vpn.disabled", "switched off"],
  [{ tunnel: { ...tunnel, isUp: false, isConfigured: false } }, "vpn.not-configured", "no configuration"],
  [{ tunnel: { ...tunnel, isUp: false }, ...stopped("openvpn.service") }, "vpn.stopped", "openvpn is inactive (dead)"],
  [{ tunnel: { ...tunnel, isUp: false, reason: "the server refuses the device's login" } }, "vpn.down", "refuses the"],
];

const findingOf = (facts: Facts, code: string) => diagnose(facts).findings.find((finding) => finding.code === code);

describe("the doctor", () => {
  it("finds nothing wrong on a healthy device, managed or not", () => {
    for (const facts of [factsWith(), factsWith({ isManaged: false, web: undefined, wear: undefined })]) {
      const { level, findings } = diagnose(facts);
      expect(findings.filter((finding) => finding.level !== "ok")).toEqual([]);
      expect(level).toBe("ok");
      expect(findings).toHaveLength(allChecks.length);
    }
  });

  it.each(troubles)("%# finds %o: %s", (changed, code, told) => {
    const found = findingOf(factsWith(changed), code);
    expect(found?.what).toContain(told);
    expect(found?.todo).not.toBe("");
  });

  it("has a case above for each of its codes, and each code once", () => {
    const codes = allChecks.flatMap((check) => Object.keys(check.troubles));
    expect(new Set(codes).size).toBe(codes.length);
    expect([...new Set(troubles.map(([, code]) => code))].sort()).toEqual(codes.sort());
  });

  it("names codes by their check's area", () => {
    for (const check of allChecks)
      for (const code of Object.keys(check.troubles)) expect(code.split(".")[0]).toBe(check.name.split(".")[0]);
  });

  it("says of each fact that could not be learnt which checks lack it, and goes on with the others", () => {
    for (const name of Object.keys(healthyValues)) {
      const report = diagnose({ ...factsWith(), [name]: { ok: false, reason: `${name} hangs` } });
      const lacking = report.findings.filter((finding) => finding.level !== "ok");
      expect(
        lacking.every(({ code, what }) => code === "doctor.unknown" && what === `not checked: ${name} hangs`),
      ).toBe(true);
      expect(report.findings.length - lacking.length).toBeGreaterThan(allChecks.length / 2);
      expect([name, report.level]).toEqual([name, "warning"]);
    }
  });

  it("does not believe limits of heat that no board has", () => {
    const zones = [{ name: "acpitz", degrees: 16.8, critical: 20.8 }];
    expect(diagnose(factsWith({ heat: { ...heat, zones } })).level).toBe("ok");
  });

  it("calls a report by its worst finding", () => {
    expect(diagnose(factsWith({ isManaged: true, nameServers: [] })).level).toBe("failure");
    expect(diagnose(factsWith(container("restarting"))).level).toBe("warning");
  });

  it("tells of an engine that is gone once, and of what cannot be known because of it as that", () => {
    const { findings } = diagnose(
      factsWith({ engine: undefined, supervisor: { answers: false, isHealthy: false, appState: undefined } }),
    );
    const codes = findings.filter(({ level }) => level === "failure").map(({ code }) => code);
    expect(codes).toEqual(["engine.no-answer", "supervisor.no-answer"]);
  });
});
