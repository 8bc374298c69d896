import { describe, expect, it } from "vitest";
import { testDevice, testHttp } from "../../testing/cloud-scene.ts";
import { type Answering, LoopbackServer } from "../../testing/loopback-server.ts";
import { recordingLog, scratchDirectory } from "../../testing/scratch.ts";
import { testClock } from "../../testing/test-clock.ts";
import { CloudStore } from "./cloud-store.ts";
import { initialVariables } from "./initial-variables.ts";
import { Introduction } from "./introduction.ts";

const says = {
  preloaded: { RESIN_SUPERVISOR_DELTA: "1", HOST_CONFIG_gpio: "2" },
  persistentLogging: true,
  pollIntervalMs: 600_000,
};
const target = (config: Record<string, string>) => ({ [testDevice.uuid]: { name: "lamp", config, apps: {} } });

describe("what a server is to take over", () => {
  it("is what differs from the defaults and is not set there", () => {
    expect(initialVariables(says, { BALENA_SUPERVISOR_DELTA: "0" })).toEqual({
      SUPERVISOR_PERSISTENT_LOGGING: "true",
      SUPERVISOR_POLL_INTERVAL: "600000",
      HOST_CONFIG_gpio: "2",
    });
    expect(initialVariables({ preloaded: {}, persistentLogging: false, pollIntervalMs: 900_000 }, {})).toEqual({});
  });

  it("is never local mode, nor a closed tunnel", () => {
    const preloaded = { SUPERVISOR_LOCAL_MODE: "1", RESIN_SUPERVISOR_VPN_CONTROL: "0" };
    expect(initialVariables({ preloaded, persistentLogging: false, pollIntervalMs: undefined }, {})).toEqual({});
  });
});

/** Introduces a device to a server, and once more, as after a restart. */
async function introduce(answer: Answering, pin?: { appId: number; commit: string }) {
  await using scratch = await scratchDirectory();
  await using server = await LoopbackServer.start(answer);
  const log = recordingLog();
  let done = 0;
  for (const signal of [AbortSignal.timeout(15_000), AbortSignal.timeout(15_000)]) {
    const store = await CloudStore.open(scratch.path, log);
    if (done === 0 && pin !== undefined) await store.put({ pin });
    const onDone = async () => {
      done += 1;
    };
    const introduction = new Introduction({
      store,
      clock: testClock(),
      says,
      name: "brave-lamp",
      onDone,
      retryMs: 30_000,
    });
    const introducing = { http: testHttp(server.url), device: testDevice, log, signal };
    await introduction.pin(introducing);
    await introduction.run(introducing);
  }
  return {
    calls: server.asked.map(({ method, path, body }) => ({ method, path: decodeURIComponent(path), body })),
    done,
    log,
  };
}

describe("the introduction", () => {
  it("tells variables and name once", async () => {
    const { calls, done } = await introduce(({ method }, response) =>
      method === "GET"
        ? target({ SUPERVISOR_DELTA: "0" })
        : response.writeHead(method === "POST" ? 201 : 200).end("OK"),
    );
    expect(calls.slice(1).map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /v7/device_config_variable",
      "POST /v7/device_config_variable",
      "POST /v7/device_config_variable",
      `PATCH /v7/device(uuid='${testDevice.uuid}')`,
    ]);
    expect(JSON.parse(calls[1]?.body ?? "")).toEqual({
      device: 7,
      name: "RESIN_SUPERVISOR_PERSISTENT_LOGGING",
      value: "true",
    });
    expect(JSON.parse(calls[4]?.body ?? "")).toEqual({ device_name: "brave-lamp" });
    expect(done).toBe(2);
  });

  it("goes on after faults, and takes what is there already for done", async () => {
    let asked = 0;
    const { done, log } = await introduce(({ method }, response) => {
      asked += 1;
      if (asked <= 3) return response.writeHead(500).end();
      return method === "GET" ? target({}) : response.writeHead(409).end();
    });
    expect(done).toBe(2);
    expect(log.lines.filter((line) => line.includes("500"))).toHaveLength(1);
  });

  it("pins a preloaded device before all else", async () => {
    let asked = 0;
    const { calls } = await introduce(
      ({ method, path }, response) => {
        asked += 1;
        if (asked === 1) return response.writeHead(503).end();
        if (method !== "GET") return response.writeHead(200).end();
        return path.startsWith("/v7/release") ? { d: [{ id: 33 }] } : target({});
      },
      { appId: 5, commit: "abc" },
    );
    expect(calls[1]?.path).toContain("belongs_to__application eq 5 and commit eq 'abc' and status eq 'success'");
    expect(calls[2]).toMatchObject({ method: "PATCH", body: '{"is_pinned_on__release":33}' });
    expect(calls.filter(({ body }) => body.includes("is_pinned"))).toHaveLength(1);
  });

  it("lets a pin go that the server cannot keep", async () => {
    const { log, done } = await introduce(
      ({ method, path }, response) =>
        method !== "GET" ? response.writeHead(200).end() : path.startsWith("/v7/release") ? { d: [] } : target({}),
      { appId: 5, commit: "abc" },
    );
    expect(log.lines).toEqual([expect.stringMatching(/has no release abc of app 5/)]);
    expect(done).toBe(2);
  });
});
