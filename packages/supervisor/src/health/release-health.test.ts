import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeDurably } from "../storage/durable-file.ts";
import type { TestApp, TestService } from "../testing/fixtures.ts";
import { recordingLog, scratchDirectory } from "../testing/scratch.ts";
import { SimulatedEngine } from "../testing/simulated-engine.ts";
import { Killed, TrialDevice } from "../testing/trial-device.ts";
import { ReleaseRecord } from "./release-record.ts";

const MINUTE = 60_000;
const checked = (service: TestService = {}): TestService => ({
  ...service,
  composition: { healthcheck: { test: "true" } },
});
const release = (commit: string, web: TestService, labels: TestService["labels"] = {}): TestApp => ({
  commit,
  services: { web: { ...web, labels } },
});
const old = release("old", checked());
const next = release("next", checked({ image: "img:2" }));

async function deviceIn(dataDir: string): Promise<TrialDevice> {
  const engine = new SimulatedEngine();
  for (const image of ["img:1", "img:2", "img:3"]) engine.registry.set(image, `sha256:${image}`);
  const device = new TrialDevice(engine, dataDir);
  await device.boot();
  return device;
}

/** A device on which `old` is known to be good. */
async function settledIn(dataDir: string): Promise<TrialDevice> {
  const device = await deviceIn(dataDir);
  await device.want(old);
  await device.live(6 * MINUTE);
  expect(device.log.lines).toContain("Release old of app1 is good");
  return device;
}

const runs = (device: TrialDevice) =>
  [...device.engine.containers.values()].map(({ name, state }) => `${name} ${state}`);
const OLD_RUNS = ["web_200_10_old running"];

describe("a release on trial", () => {
  it("is good after its window, and only then the former one's images go", async () => {
    await using scratch = await scratchDirectory();
    const device = await settledIn(scratch.path);
    await device.want(next);
    await device.live(4 * MINUTE);
    expect([...device.engine.images.keys()]).toEqual(["img:1", "img:2"]);
    await device.live(2 * MINUTE);
    expect([...device.engine.images.keys()]).toEqual(["img:2"]);
    expect(runs(device)).toEqual(["web_200_10_next running"]);
  });

  it("is judged after a minute when there is nothing to judge it by but that it runs", async () => {
    await using scratch = await scratchDirectory();
    const device = await deviceIn(scratch.path);
    await device.want(release("plain", {}));
    await device.live(2 * MINUTE);
    expect(device.log.lines).toContain("Release plain of app1 is good");
  });

  it("reverts when a service keeps ending, with its reason, and is not tried again", async () => {
    await using scratch = await scratchDirectory();
    const device = await settledIn(scratch.path);
    device.engine.crashing.add("img:2");
    await device.want(next);
    await device.live(4 * MINUTE);
    expect(device.commit()).toBe("next");
    await device.live(2 * MINUTE);
    expect(runs(device)).toEqual(OLD_RUNS);
    expect(device.desired?.apps[0]).toMatchObject({
      commit: "old",
      rejected: { commit: "next", code: "supervisor.release-unhealthy", reason: "web keeps ending (exit code 1)" },
    });
    expect(device.log.lines).toContain(
      "Could not move to new release: app1, release next: web keeps ending (exit code 1)",
    );
    const calls = device.engine.calls.length;
    await device.boot();
    await device.want(next);
    await device.live(20 * MINUTE);
    expect(device.engine.calls.slice(calls)).toEqual([]);
    expect(runs(device)).toEqual(OLD_RUNS);
  });

  it("is tried again once the target has asked for something else", async () => {
    await using scratch = await scratchDirectory();
    const device = await settledIn(scratch.path);
    device.engine.crashing.add("img:2");
    await device.want(next);
    await device.live(7 * MINUTE);
    await device.want(old);
    device.engine.crashing.clear();
    await device.want(next);
    await device.live(7 * MINUTE);
    expect(runs(device)).toEqual(["web_200_10_next running"]);
    expect(device.desired?.apps[0]).not.toHaveProperty("rejected");
  });

  it("reverts before the end of its window when restarts do not help an unhealthy service", async () => {
    await using scratch = await scratchDirectory();
    const device = await settledIn(scratch.path);
    await device.want(next);
    device.engine.ailing.set("web", 3);
    await device.live(2 * MINUTE);
    expect(runs(device)).toEqual(OLD_RUNS);
    expect(device.desired?.apps[0]?.rejected?.reason).toBe("web is unhealthy");
  });

  it("stays when a restart did help", async () => {
    await using scratch = await scratchDirectory();
    const device = await settledIn(scratch.path);
    await device.want(next);
    device.engine.ailing.set("web", 1);
    await device.live(7 * MINUTE);
    expect(device.log.lines).toContain("Release next of app1 is good");
  });

  it("reverts when a service cannot be started, and when it waits for one that never gets healthy", async () => {
    await using scratch = await scratchDirectory();
    const device = await settledIn(scratch.path);
    device.engine.sick.add("db");
    const needs = { depends_on: { db: { condition: "service_healthy" } } };
    await device.want({ commit: "waits", services: { db: checked(), web: { composition: needs } } });
    await device.live(6 * MINUTE);
    expect(device.desired?.apps[0]?.rejected?.reason).toBe("web did not start");
    expect(runs(device)).toEqual(OLD_RUNS);
  });

  it("is not blamed for a device that is slow to start it", async () => {
    await using scratch = await scratchDirectory();
    const device = await settledIn(scratch.path);
    device.isSlow = true;
    device.engine.crashing.add("img:2");
    await device.want(next);
    await device.live(8 * MINUTE);
    expect(device.commit()).toBe("next");
    device.isSlow = false;
    await device.live(6 * MINUTE);
    expect(device.commit()).toBe("old");
  });

  it("has no other release to go back to at first: it goes on, and is good when it recovers", async () => {
    await using scratch = await scratchDirectory();
    const device = await deviceIn(scratch.path);
    device.engine.crashing.add("img:1");
    await device.want(old);
    await device.live(10 * MINUTE);
    const told = device.log.lines.filter((line) => line.includes("there is none to go back to"));
    expect(told).toEqual([
      "Release old of app1 is bad, and there is none to go back to: web keeps ending (exit code 1)",
    ]);
    device.engine.crashing.clear();
    for (const container of device.engine.containers.values()) container.state = "running";
    await device.live(10 * MINUTE);
    expect(device.log.lines).toContain("Release old of app1 is good");
  });

  it("never holds up the next release", async () => {
    await using scratch = await scratchDirectory();
    const device = await settledIn(scratch.path);
    device.engine.crashing.add("img:2");
    await device.want(next);
    await device.live(MINUTE);
    await device.want(release("third", checked({ image: "img:3" })));
    await device.live(MINUTE / 2);
    expect(runs(device)).toEqual(["web_200_10_third running"]);
  });

  it("is watched for as long as a label says, or not at all", async () => {
    await using scratch = await scratchDirectory();
    const device = await settledIn(scratch.path);
    device.engine.crashing.add("img:2");
    await device.want(release("off", checked({ image: "img:2" }), { "io.holdfast.health.window": "off" }));
    await device.live(20 * MINUTE);
    expect(device.desired?.apps[0]).toMatchObject({ commit: "off" });
    await device.want(release("fine", checked({ image: "img:3" }), { "io.holdfast.health.window": "20s" }));
    await device.live(MINUTE);
    await device.want(release("short", checked({ image: "img:2" }), { "io.holdfast.health.window": "20s" }));
    await device.live(MINUTE);
    expect(device.desired?.apps[0]).toMatchObject({ commit: "fine", rejected: { commit: "short" } });
  });

  it("is not watched in local mode unless a label says so", async () => {
    await using scratch = await scratchDirectory();
    const device = await settledIn(scratch.path);
    device.isLocalMode = true;
    device.engine.crashing.add("img:2");
    await device.want(next);
    await device.live(20 * MINUTE);
    expect(device.commit()).toBe("next");
    await device.want(release("labelled", checked({ image: "img:2" }), { "io.holdfast.health.window": "1m" }));
    await device.live(2 * MINUTE);
    expect(device.desired?.apps[0]).toMatchObject({ commit: "next", rejected: { commit: "labelled" } });
  });

  it("stays, good or not, when the target asks for one that the device cannot run, also after a restart", async () => {
    await using scratch = await scratchDirectory();
    const device = await settledIn(scratch.path);
    await device.want(next);
    await device.live(MINUTE);
    const contract = { slug: "x", requires: [{ type: "sw.supervisor", version: ">99" }] };
    await device.want(release("foreign", checked({ image: "img:3", contract })));
    const calls = device.engine.calls.length;
    await device.live(MINUTE);
    await device.boot();
    await device.live(10 * MINUTE);
    expect(device.desired?.apps[0]).toMatchObject({ commit: "next", rejected: { commit: "foreign" } });
    expect(device.engine.calls.slice(calls)).toEqual(["remove image img:1"]);
    expect(device.log.lines).toContain("Release next of app1 is good");
  });
});

describe("the record of releases", () => {
  it("brings the good release back whenever the process dies on the way, and never anything else", async () => {
    const labels = { "io.holdfast.health.window": "10s" };
    const quick = {
      old: release("old", checked(), labels),
      next: release("next", checked({ image: "img:2" }), labels),
    };
    const update = async (dataDir: string, killAt: number) => {
      const device = await deviceIn(dataDir);
      await device.want(quick.old);
      await device.live(MINUTE / 2);
      device.engine.crashing.add("img:2");
      const start = device.places;
      device.killAt = killAt < 0 ? -1 : start + killAt;
      const life = device.want(quick.next).then(() => device.live(MINUTE / 2));
      const death = await life.catch((error: unknown) => error);
      return { device, death, places: device.places - start };
    };
    await using clean = await scratchDirectory();
    const { device: undisturbed, places } = await update(clean.path, -1);
    expect(runs(undisturbed)).toEqual(OLD_RUNS);
    expect(places).toBeGreaterThan(30);
    for (let at = 0; at < places; at += 1) {
      await using scratch = await scratchDirectory();
      const { device, death } = await update(scratch.path, at);
      expect(death).toBeInstanceOf(Killed);
      await device.boot();
      await device.live(MINUTE / 2);
      expect(runs(device)).toEqual(OLD_RUNS);
      expect(device.desired?.apps[0]?.rejected?.commit).toBe("next");
    }
  });

  it("may be lost at any time: the target is tried once more, nothing else happens", async () => {
    await using scratch = await scratchDirectory();
    const device = await settledIn(scratch.path);
    device.engine.crashing.add("img:2");
    await device.want(next);
    await device.live(7 * MINUTE);
    await rm(join(scratch.path, "releases.json"));
    await device.boot();
    await device.live(7 * MINUTE);
    expect(device.commit()).toBe("next");
    device.engine.crashing.clear();
    await device.want(old);
    await device.live(7 * MINUTE);
    expect(runs(device)).toEqual(OLD_RUNS);
  });

  it("is forgotten when it is malformed, and remembers a bounded number of apps", async () => {
    await using scratch = await scratchDirectory();
    await writeDurably(join(scratch.path, "releases.json"), '{"version":1,"apps":{"x":5}}');
    const log = recordingLog();
    const record = await ReleaseRecord.open(scratch.path, log);
    expect(log.lines[0]).toMatch(/malformed/);
    for (let at = 0; at < 80; at += 1) await record.accept(`app${at}`, { fingerprint: String(at), releases: {} });
    expect(record.goodOf("app0")).toBeUndefined();
    expect(record.goodOf("app79")).toEqual({ fingerprint: "79", releases: {} });
    expect(record.goodOf("constructor")).toBeUndefined();
  });
});
