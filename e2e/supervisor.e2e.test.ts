import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CrashProxy } from "./engine/crash-proxy.ts";
import type { PrivateEngine } from "./engine/private-engine.ts";
import type { SupervisorProcess } from "./engine/supervisor-process.ts";
import { endScene, prepareStruckScene } from "./engine/supervisor-scene.ts";

const APP = "aaaabbbbccccddddaaaabbbbccccdddd";
/** One process that ends at once when asked to. */
const FOREVER = ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done"];

const preload = {
  config: {},
  apps: {
    [APP]: {
      id: 7,
      name: "shop",
      releases: {
        first: {
          id: 3,
          services: {
            store: {
              id: 1,
              image_id: 11,
              image: "test/app:1",
              labels: { "io.balena.features.supervisor-api": "1" },
              composition: {
                command: FOREVER,
                volumes: ["goods:/data"],
                networks: ["back"],
                healthcheck: { test: ["CMD", "true"], interval: "1s" },
              },
            },
            till: {
              id: 2,
              image_id: 12,
              image: "test/app:1",
              composition: {
                command: FOREVER,
                depends_on: { store: { condition: "service_healthy" } },
                networks: ["back", "default"],
              },
            },
            door: {
              id: 3,
              image_id: 13,
              image: "test/app:1",
              composition: { command: FOREVER, network_mode: "service:store" },
            },
          },
          volumes: { goods: {} },
          networks: { back: {} },
        },
      },
    },
  },
};

type LocalService = Record<string, unknown>;
function localState(commit: string, services: Record<string, LocalService>): unknown {
  const entries = Object.entries(services).map(([serviceName, service], at) => [
    String(at + 1),
    {
      imageId: at + 1,
      serviceId: at + 1,
      serviceName,
      image: "test/app:1",
      running: true,
      environment: {},
      labels: {},
      command: FOREVER,
      ...service,
    },
  ]);
  const app = {
    name: "localapp",
    commit,
    releaseId: "1",
    services: Object.fromEntries(entries),
    volumes: { v: {} },
    networks: {},
  };
  return { local: { name: "bench", config: {}, apps: { "1": app } } };
}

const scratch = mkdtempSync(join(tmpdir(), "holdfast-supervisor-"));
let engine: PrivateEngine;
let proxy: CrashProxy;
let supervisor: SupervisorProcess;

const idOf = async (service: string) => (await engine.client.containers()).get(service)?.Id;
const ids = async () => Object.fromEntries([...(await engine.client.containers())].map(([name, { Id }]) => [name, Id]));

beforeAll(async () => {
  ({ engine, proxy, supervisor } = await prepareStruckScene(scratch, ["test/app:1", "test/app:2"]));
  writeFileSync(supervisor.appsJson, JSON.stringify(preload));
  await supervisor.start();
}, 60_000);

afterAll(() => endScene(scratch, [supervisor, proxy, engine]), 60_000);

describe("the supervisor on a real engine", () => {
  it("brings a preloaded app up in the order of its dependencies", async () => {
    await supervisor.untilApplied("first");
    const containers = await engine.client.containers();
    expect([...containers.values()].map(({ Names, State }) => `${Names[0]} ${State}`).sort()).toEqual([
      "/door_13_3_first running",
      "/store_11_3_first running",
      "/till_12_3_first running",
    ]);
    expect(containers.get("store")?.Status).toContain("(healthy)");
    const networks = (await engine.client.call("GET", "/networks")) as { Name: string }[];
    expect(networks.map(({ Name }) => Name)).toEqual(
      expect.arrayContaining([`${APP}_back`, `${APP}_default`, "supervisor0"]),
    );
    const volumes = (await engine.client.call("GET", "/volumes")) as { Volumes: { Name: string }[] };
    expect(volumes.Volumes.map(({ Name }) => Name)).toEqual(["7_goods"]);
    expect(readFileSync(supervisor.appsJson, "utf8")).toBe("{}");
    expect(JSON.parse(readFileSync(`${supervisor.appsJson}.preloaded`, "utf8"))).toEqual(preload);
  });

  it("joins a container to all its networks, and another to its neighbour's", async () => {
    const till = (await engine.client.call("GET", `/containers/${await idOf("till")}/json`)) as {
      NetworkSettings: { Networks: Record<string, { Aliases: string[] }> };
    };
    expect(Object.keys(till.NetworkSettings.Networks).sort()).toEqual([`${APP}_back`, `${APP}_default`]);
    expect(till.NetworkSettings.Networks[`${APP}_default`]?.Aliases).toContain("till");
    const door = (await engine.client.call("GET", `/containers/${await idOf("door")}/json`)) as {
      HostConfig: { NetworkMode: string };
    };
    expect(door.HostConfig.NetworkMode).toBe(`container:${await idOf("store")}`);
  });

  it("ends within a second, and a restart touches nothing, not even with an empty store", async () => {
    const before = await ids();
    expect(await supervisor.stop()).toBeLessThan(1000);
    proxy.strikeAt(-1, () => {});
    await supervisor.start();
    await supervisor.untilApplied("first");
    await supervisor.stop();
    supervisor.forgetStore();
    await supervisor.start();
    await supervisor.untilApplied("first");
    expect(await ids()).toEqual(before);
    expect(proxy.changes()).toBe(0);
  });

  it("makes a removed container again and leaves a killed one to the engine", async () => {
    const till = await idOf("till");
    await engine.client.call("DELETE", `/containers/${till}?force=true`);
    await supervisor.until(async () => ![undefined, till].includes(await idOf("till")), "till is back");
    const store = await idOf("store");
    const startedAt = async () =>
      ((await engine.client.call("GET", `/containers/${store}/json`)) as { State: { StartedAt: string } }).State
        .StartedAt;
    const before = await startedAt();
    await engine.client.exec(store ?? "", ["sh", "-c", "kill 1"]);
    await supervisor.until(async () => (await startedAt()) !== before, "the engine restarts store");
    await supervisor.untilApplied("first");
    expect(await idOf("store")).toBe(store);
  });

  it("survives a killed engine", async () => {
    const before = await ids();
    await engine.kill();
    await engine.start();
    await supervisor.untilApplied("first");
    expect(await ids()).toEqual(before);
    // It waits for store's health, which engines before 23 no longer check after a live restore (moby#41871).
    await engine.client.call("DELETE", `/containers/${before["till"]}?force=true`);
    await supervisor.until(async () => ![undefined, before["till"]].includes(await idOf("till")), "events flow again");
    await supervisor.untilApplied("first");
  });

  it("refuses a bad local target and keeps the former one", async () => {
    const bad = await supervisor.post("/v2/local/target-state", localState("x", { "../up": {} }));
    expect(bad.status).toBe(400);
    expect(await bad.json()).toMatchObject({ status: "failed" });
    expect(await supervisor.status()).toMatchObject({ appState: "applied", release: "first" });
  });

  it("replaces the app by a local target and changes only what changed", async () => {
    expect(
      await (
        await supervisor.post("/v2/local/target-state", localState("aa", { one: { volumes: ["v:/data"] }, two: {} }))
      ).json(),
    ).toEqual({
      status: "success",
      message: "OK",
    });
    await supervisor.untilApplied("aa");
    const before = await ids();
    expect(Object.keys(before).sort()).toEqual(["one", "two"]);
    await supervisor.post(
      "/v2/local/target-state",
      localState("aa", { one: { volumes: ["v:/data"] }, two: { environment: { NEW: "1" } } }),
    );
    await supervisor.until(
      async () => (await idOf("two")) !== before["two"] && (await supervisor.status()).appState === "applied",
      "two is replaced",
    );
    expect(await idOf("one")).toBe(before["one"]);
    const volumes = (await engine.client.call("GET", "/volumes")) as { Volumes: { Name: string }[] };
    expect(volumes.Volumes.map(({ Name }) => Name).sort(), "local mode keeps volumes").toEqual(["1_v", "7_goods"]);
  });

  it("renames a container of which only the release changed", async () => {
    const before = await ids();
    await supervisor.post(
      "/v2/local/target-state",
      localState("bb", { one: { volumes: ["v:/data"] }, two: { environment: { NEW: "1" } } }),
    );
    await supervisor.untilApplied("bb");
    expect(await ids()).toEqual(before);
    expect((await engine.client.containers()).get("one")?.Names).toEqual(["/one_1_1_bb"]);
  });

  it("tells an update as events, counts it in its figures, and describes its API", async () => {
    const stop = new AbortController();
    const stream = await fetch(`http://127.0.0.1:${supervisor.port}/v3/events`, { signal: stop.signal });
    let told = "";
    const reading = (async () => {
      for await (const chunk of stream.body ?? []) told += Buffer.from(chunk).toString();
    })().catch(() => undefined);
    const two = { environment: { NEW: "2" } };
    await supervisor.post("/v2/local/target-state", localState("bb", { one: { volumes: ["v:/data"] }, two }));
    const isOver =
      /event: step-ended\ndata: \{"step":"start-container","appId":1,"service":"two"[\s\S]*event: applied\ndata: \{"applied":true\}/;
    await supervisor.until(async () => isOver.test(told), "the update is told to its end");
    expect(told).toMatch(/^retry: 3000\n\nid: \S+\nevent: snapshot\ndata: \{"applied":true,/);
    expect(told).toMatch(/event: service\ndata: \{"appId":1,"service":"two","status":"Stopping"/);
    stop.abort();
    await reading;
    const figures = await (await supervisor.get("/v3/metrics")).text();
    expect(figures).toMatch(/^holdfast_steps_total\{step="start-container",result="done"\} [1-9]/m);
    expect(figures).toMatch(/^holdfast_services\{status="Running"\} 2$/m);
    expect(figures).toMatch(/^holdfast_container_events_total\{event="die"\} [1-9]/m);
    expect(await (await supervisor.get("/v3/openapi.json")).json()).toMatchObject({ openapi: "3.1.0" });
  });

  it("keeps the old release when an image of the new one cannot be had", async () => {
    const before = await ids();
    await supervisor.post(
      "/v2/local/target-state",
      localState("bc", { one: {}, lost: { image: "localhost:1/none:1" } }),
    );
    await supervisor.until(
      async () => /Failed to download image 'localhost:1/.test(supervisor.output()),
      "the pull fails",
    );
    expect(await ids()).toEqual(before);
    expect((await supervisor.status()).appState).toBe("applying");
  });

  it("does not let one broken service stop the others", async () => {
    await supervisor.post(
      "/v2/local/target-state",
      localState("cc", { bad: { command: ["/no/such/program"] }, good: {} }),
    );
    await supervisor.until(
      async () => (await engine.client.containers()).get("good")?.State === "running",
      "good runs",
    );
    await supervisor.until(async () => /Failed to start service 'bad/.test(supervisor.output()), "bad is told of");
    expect((await supervisor.status()).appState).toBe("applying");
  });

  it("waits for a service's update lock, and does not with force", async () => {
    const state = (env: string) => localState("lk", { one: { environment: { V: env } } });
    await supervisor.post("/v2/local/target-state", state("1"));
    await supervisor.untilApplied("lk");
    const before = await idOf("one");
    const lock = join(supervisor.directory, "runtime/services/1/one/updates.lock");
    writeFileSync(lock, "");
    await supervisor.post("/v2/local/target-state", state("2"));
    const told = "Lockfile exists for { appId: 1, service: one }";
    await supervisor.until(async () => supervisor.output().includes(told), "the lock is told of");
    expect(await idOf("one")).toBe(before);
    await supervisor.post("/v2/local/target-state", { ...(state("2") as object), force: true });
    await supervisor.until(async () => ![before, undefined].includes(await idOf("one")), "one is replaced by force");
    await supervisor.until(async () => !existsSync(lock), "no lock is left, not the supervisor's own either");
  });

  it("hands over: old and new side by side until the new one says so", async () => {
    const labels = { "io.balena.update.strategy": "hand-over" };
    await supervisor.post("/v2/local/target-state", localState("ha", { gate: { labels } }));
    await supervisor.untilApplied("ha");
    const old = await idOf("gate");
    const environment = { NEW: "1" };
    await supervisor.post("/v2/local/target-state", localState("hb", { gate: { labels, environment } }));
    const running = async () =>
      ((await engine.client.call("GET", "/containers/json")) as { Id: string }[]).map(({ Id }) => Id);
    await supervisor.until(async () => (await running()).length === 2, "both run");
    expect(await running()).toContain(old);
    writeFileSync(join(supervisor.directory, "runtime/services/1/gate/handover-complete"), "");
    await supervisor.untilApplied("hb");
    expect(await running()).toEqual([expect.not.stringMatching(old ?? "")]);
  });

  it("opens the engine's port in development mode, as balena's engine", async () => {
    const base = `http://127.0.0.1:${supervisor.gatewayPort}`;
    for (const path of ["/version", "/v1.41/version"]) {
      const version = await (await fetch(base + path)).json();
      expect(version).toMatchObject({ Engine: "balena-engine", Version: expect.stringMatching(/^\d+\./) });
    }
    expect(await (await fetch(`${base}/_ping`)).text()).toBe("OK");
    expect((await fetch(`${base}/containers/none/json`)).status).toBe(404);
    // The command line takes the connection over for exec's input and output.
    const docker = (...args: string[]) => engine.docker(["-H", `tcp://127.0.0.1:${supervisor.gatewayPort}`, ...args]);
    const gate = (await idOf("gate")) ?? "";
    expect(await docker("exec", gate, "sh", "-c", "echo out; echo err >&2")).toEqual({
      stdout: "out\n",
      stderr: "err\n",
    });
    expect(
      await engine.docker(
        ["-H", `tcp://127.0.0.1:${supervisor.gatewayPort}`, "exec", "-i", gate, "sh"],
        "echo $((6*7))\n",
      ),
    ).toMatchObject({
      stdout: "42\n",
    });
  });

  it("asks for a key, refuses local targets and closes the engine's port outside development mode, and back", async () => {
    const state = localState("hb", { gate: {} });
    expect(supervisor.firewallWish()).toMatchObject({ isApiOpen: true, mode: "off", apiPort: supervisor.port });
    supervisor.setDevelopmentMode(false);
    await supervisor.until(async () => (await supervisor.get("/v2/version")).status === 401, "a key is asked for");
    expect((await supervisor.get("/ping")).status).toBe(200);
    expect((await supervisor.post("/v2/local/target-state", state)).status).toBe(401);
    const { globalKey } = JSON.parse(readFileSync(join(supervisor.directory, "data/settings.json"), "utf8"));
    const withKey = await supervisor.post(`/v2/local/target-state?apikey=${globalKey}`, state);
    expect(await withKey.json()).toEqual({
      status: "failed",
      message: "Target state can only set when device is in local mode",
    });
    const isClosed = () =>
      fetch(`http://127.0.0.1:${supervisor.gatewayPort}/_ping`).then(
        () => false,
        () => true,
      );
    await supervisor.until(isClosed, "the engine's port is closed");
    await supervisor.until(
      async () => JSON.stringify(supervisor.firewallWish()).includes('"isApiOpen":false'),
      "closed",
    );
    supervisor.setDevelopmentMode(true);
    await supervisor.until(async () => !(await isClosed()), "the engine's port is open again");
    expect((await supervisor.get("/v2/version")).status).toBe(200);
    await supervisor.until(async () => JSON.stringify(supervisor.firewallWish()).includes('"isApiOpen":true'), "open");
  });

  it("converges after being killed at any of the first steps of an update", async () => {
    const states = [
      localState("dd", { one: { volumes: ["v:/data"] }, two: {} }),
      localState("ee", { one: { image: "test/app:2", environment: { V: "2" } }, three: {} }),
    ];
    for (const [at, commit] of [
      [0, "ee"],
      [2, "dd"],
      [4, "ee"],
      [6, "dd"],
    ] as const) {
      proxy.strikeAt(at, () => void supervisor.stop("SIGKILL"));
      await supervisor.post("/v2/local/target-state", commit === "dd" ? states[0] : states[1]).catch(() => {});
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
      await supervisor.untilApplied(commit);
      const expected = commit === "dd" ? ["one", "two"] : ["one", "three"];
      const containers = await engine.client.containers();
      expect([...containers.keys()].sort()).toEqual(expected);
      expect([...containers.values()].every(({ State }) => State === "running")).toBe(true);
    }
    expect(existsSync(join(supervisor.directory, "data/target.json"))).toBe(true);
  });
});
