import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CrashProxy } from "./engine/crash-proxy.ts";
import type { PrivateEngine } from "./engine/private-engine.ts";
import type { SupervisorProcess } from "./engine/supervisor-process.ts";
import { endScene, prepareStruckScene } from "./engine/supervisor-scene.ts";

const FOREVER = ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done"];
/** Does not hear the stop signal: stopping it takes its whole grace. */
const STUBBORN = ["sh", "-c", "trap '' TERM; while true; do sleep 1; done"];
const NOBODY = 65_534;

const service = (id: number, more: object = {}) => ({
  imageId: id,
  serviceId: id,
  image: "test/app:1",
  running: true,
  environment: {},
  labels: {},
  command: FOREVER,
  ...more,
});
const state = {
  local: {
    name: "bench",
    config: {},
    apps: {
      1: {
        name: "localapp",
        commit: "aa",
        releaseId: "1",
        services: {
          1: { ...service(1, { volumes: ["v:/data"] }), serviceName: "one" },
          2: { ...service(2, { command: STUBBORN, stop_grace_period: "2s" }), serviceName: "slow" },
          3: { ...service(3, { labels: { "io.holdfast.update.lock-scope": "service" } }), serviceName: "apart" },
        },
        volumes: { v: {} },
        networks: {},
      },
    },
  },
};

const scratch = mkdtempSync(join(tmpdir(), "holdfast-actions-"));
const mark = join(scratch, "engine/data/volumes/1_v/_data/mark");
let engine: PrivateEngine;
let proxy: CrashProxy;
let supervisor: SupervisorProcess;

const containers = () => engine.client.containers();
const idOf = async (name: string) => (await containers()).get(name)?.Id;
const stateOf = async (name: string) => (await containers()).get(name)?.State;
const lockOf = (name: string, file = "updates.lock") => join(supervisor.directory, "runtime/services/1", name, file);
const onService = (verb: string, serviceName: string, more: object = {}) =>
  supervisor.post(`/v2/applications/1/${verb}-service`, { serviceName, ...more });

beforeAll(async () => {
  ({ engine, proxy, supervisor } = await prepareStruckScene(scratch, ["test/app:1"]));
  await supervisor.start();
  await supervisor.post("/v2/local/target-state", state);
  await supervisor.untilApplied("aa");
}, 60_000);

afterAll(() => endScene(scratch, [supervisor, proxy, engine]), 60_000);

describe("actions of the device API on a real engine", () => {
  it("stop a service, which a restart of the supervisor leaves so, and start it", async () => {
    const before = await idOf("one");
    expect((await onService("stop", "one")).status).toBe(200);
    expect(await stateOf("one")).toBe("exited");
    await supervisor.stop();
    await supervisor.start();
    await supervisor.untilApplied("aa");
    expect([await idOf("one"), await stateOf("one")]).toEqual([before, "exited"]);
    expect((await onService("start", "one")).status).toBe(200);
    expect([await idOf("one"), await stateOf("one")]).toEqual([before, "running"]);
  });

  it("restart a service by a new container, under locks of the supervisor's own in all services of the app", async () => {
    const before = await idOf("slow");
    const neighbour = await idOf("one");
    const answer = onService("restart", "slow");
    const locks = [lockOf("one"), lockOf("slow", "resin-updates.lock")];
    await supervisor.until(
      async () => locks.every((lock) => statSync(lock).uid === NOBODY),
      "the app's locks are ours",
    );
    expect(existsSync(lockOf("apart"))).toBe(false);
    expect(() => writeFileSync(lockOf("one"), "", { flag: "wx" })).toThrow(/EEXIST/);
    expect((await answer).status).toBe(200);
    expect(await idOf("slow")).not.toBe(before);
    expect([await stateOf("slow"), await idOf("one")]).toEqual(["running", neighbour]);
    await supervisor.until(async () => !existsSync(lockOf("one")), "the lock is released");
  });

  it("are refused by a lock of the same app, but not by one that is a service's own", async () => {
    writeFileSync(lockOf("one"), "");
    const refused = await supervisor.post("/v1/restart", { appId: 1 });
    expect([refused.status, await refused.json()]).toEqual([
      423,
      { status: "failed", message: "Lockfile exists for { appId: 1, service: one }" },
    ]);
    const before = await idOf("apart");
    expect((await onService("restart", "apart")).status).toBe(200);
    expect(await idOf("apart")).not.toBe(before);
    expect((await supervisor.post("/v1/reboot", {})).status).toBe(423);
    expect((await onService("restart", "one", { force: true })).status).toBe(200);
    await supervisor.until(async () => !existsSync(lockOf("one")), "the lock is gone");
  });

  it("remove locks that a killed supervisor left, and no others", async () => {
    const answer = onService("restart", "slow").catch(() => undefined);
    await supervisor.until(async () => statSync(lockOf("one")).uid === NOBODY, "the neighbour's lock is ours");
    await supervisor.stop("SIGKILL");
    await answer;
    expect(existsSync(lockOf("one"))).toBe(true);
    writeFileSync(lockOf("apart"), "");
    await supervisor.start();
    await supervisor.untilApplied("aa");
    await supervisor.until(async () => !existsSync(lockOf("one")), "the lock is released");
    expect(existsSync(lockOf("apart"))).toBe(true);
    rmSync(lockOf("apart"));
  });

  it("purge the app's data, also when the supervisor is killed at any of its steps", async () => {
    writeFileSync(mark, "");
    proxy.strikeAt(-1, () => {});
    const answer = await supervisor.post("/v1/purge", { appId: 1 });
    expect([answer.status, await answer.json()]).toEqual([200, { Data: "OK", Error: "" }]);
    expect(existsSync(mark)).toBe(false);
    await supervisor.untilApplied("aa");
    const steps = proxy.changes();
    expect(steps).toBeGreaterThanOrEqual(10);
    for (let at = 0; at < steps; at += 1) {
      await supervisor.untilApplied("aa");
      writeFileSync(mark, "");
      proxy.strikeAt(at, () => void supervisor.stop("SIGKILL"));
      await supervisor.post("/v1/purge", { appId: 1 }).catch(() => undefined);
      await supervisor.until(
        () =>
          supervisor.status().then(
            () => false,
            () => true,
          ),
        `killed at step ${at}`,
      );
      proxy.strikeAt(-1, () => {});
      await supervisor.start();
      await supervisor.until(
        async () => (await stateOf("one")) === "running" && (await supervisor.status()).appState === "applied",
        "the app is back",
      );
      expect([at, existsSync(mark)]).toEqual([at, false]);
    }
    expect(JSON.parse(readFileSync(join(supervisor.directory, "data/intents.json"), "utf8")).purges).toEqual([]);
  }, 300_000);

  it("describe the device and each app, and clean up what is left over", async () => {
    const device = (await (await supervisor.get("/v1/device")).json()) as Record<string, unknown>;
    expect(device).toMatchObject({ api_port: supervisor.port, update_pending: false, commit: "aa", status: "Idle" });
    const app = await (await supervisor.get("/v2/applications/1/state")).json();
    expect(app).toMatchObject({ commit: "aa", local: { 1: { services: { 1: { status: "Running", releaseId: 1 } } } } });
    const Labels = { "io.balena.supervised": "true", "io.balena.app-uuid": "1" };
    await engine.client.call("POST", "/volumes/create", { Name: "1_left", Labels });
    expect((await supervisor.post("/v1/update", {})).status).toBe(204);
    await supervisor.until(async () => {
      expect((await supervisor.get("/v2/cleanup-volumes")).status).toBe(200);
      const { Volumes } = (await engine.client.call("GET", "/volumes")) as { Volumes: { Name: string }[] };
      return Volumes.map(({ Name }) => Name).join() === "1_v";
    }, "the volume is cleaned up");
  });

  it("stream the journal through the host's program", async () => {
    writeFileSync(supervisor.journalctl, '#!/bin/sh\necho "asked: $*"\n');
    chmodSync(supervisor.journalctl, 0o755);
    const answer = await supervisor.post("/v2/journal-logs", { unit: "balena", count: 5 });
    expect(await answer.text()).toBe("asked: --no-pager -u balena -n 5 -o short\n");
  });
});
