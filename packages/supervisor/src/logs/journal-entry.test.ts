import { describe, expect, it } from "vitest";
import type { ApplyStatus } from "../apply/apply-loop.ts";
import { converge } from "../testing/converge.ts";
import { desiredOf, wireOf } from "../testing/fixtures.ts";
import { SimulatedEngine } from "../testing/simulated-engine.ts";
import { findService } from "./find-service.ts";
import { type LoggedService, logLevelOf, logMessageOf, parseJournalEntry } from "./journal-entry.ts";

const web: LoggedService = { serviceId: 5, serviceName: "web", level: "all" };
const entry = (more: object) => ({ MESSAGE: "hi", __REALTIME_TIMESTAMP: "1700000000123999", PRIORITY: "6", ...more });

function messageOf(value: unknown, service: LoggedService | undefined = web) {
  const parsed = parseJournalEntry(value);
  return parsed === undefined ? undefined : logMessageOf(parsed, () => service);
}

describe("a line of the journal", () => {
  it("of a container is one of its service, with milliseconds", () => {
    expect(messageOf(entry({ CONTAINER_ID_FULL: "a" }))).toEqual({
      message: "hi",
      timestamp: 1_700_000_000_123,
      serviceId: 5,
      serviceName: "web",
    });
  });

  it("is an error from priority 3 on, and may be bytes", () => {
    const bytes = [...Buffer.from("ü\u0001")];
    expect(messageOf(entry({ CONTAINER_ID_FULL: "a", PRIORITY: "3", MESSAGE: bytes }))).toMatchObject({
      message: "ü\u0001",
      isStdErr: true,
    });
  });

  it("of a known unit of the host is a system message; of others it is none", () => {
    expect(messageOf(entry({ _SYSTEMD_UNIT: "os-update.service" }))).toMatchObject({ isSystem: true });
    expect(messageOf(entry({ _SYSTEMD_UNIT: "balena.service" }))).toBeUndefined();
    expect(messageOf(entry({ CONTAINER_ID_FULL: "a" }), undefined)).toMatchObject({ serviceName: "web" });
    expect(logMessageOf({ ...entry({ CONTAINER_ID_FULL: "a" }) }, () => undefined)).toBeUndefined();
  });

  it.each([
    ["none", "6", false],
    ["none", "3", false],
    ["error", "6", false],
    ["error", "3", true],
    ["all", "6", true],
  ] as const)("at level %s and priority %s is told: %s", (level, PRIORITY, isTold) => {
    const message = messageOf(entry({ CONTAINER_ID_FULL: "a", PRIORITY }), { ...web, level });
    expect(message !== undefined).toBe(isTold);
  });

  it.each([null, 5, "x", {}, { MESSAGE: "x" }, { MESSAGE: null, __REALTIME_TIMESTAMP: "1" }])("is not %j", (value) => {
    expect(messageOf(value)).toBeUndefined();
  });

  it("has the level that the user's environment says", () => {
    expect(["none", "err", "error", "debug"].map((level) => logLevelOf([`BALENA_LOGS_LEVEL=${level}`]))).toEqual([
      "none",
      "error",
      "error",
      "all",
    ]);
    expect(logLevelOf([])).toBe("all");
  });
});

describe("the service behind a container", () => {
  it("is found by id, and by name while nobody has seen the container yet", async () => {
    const wanted = wireOf({ services: { web: { environment: { BALENA_LOGS_LEVEL: "err" } } } });
    const engine = new SimulatedEngine();
    engine.images.set("img:1", "sha256:1");
    const status: ApplyStatus = {
      current: await engine.observe(),
      desired: desiredOf(wanted),
      running: new Map(),
      progress: new Map(),
      plan: { steps: [], waits: [] },
      isApplied: false,
      lastRoundAt: 0,
    };
    const found = { serviceId: 100, serviceName: "web", level: "error" };
    expect(findService(status, "new", "web_200_10_one")).toEqual(found);
    expect(findService(status, "new", "other")).toBeUndefined();
    await converge(engine, desiredOf(wanted));
    const current = await engine.observe();
    expect(findService({ ...status, current }, current.containers[0]?.id ?? "", "")).toEqual(found);
  });
});
