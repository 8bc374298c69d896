import { request as httpRequest, type Server } from "node:http";
import { refuse, SPOKEN_SUPERVISOR_VERSION } from "@holdfast/contracts";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ApplyStatus } from "../apply/apply-loop.ts";
import { KeyRing } from "../device/key-ring.ts";
import { converge } from "../testing/converge.ts";
import { desiredOf, wireOf } from "../testing/fixtures.ts";
import { recordingLog } from "../testing/scratch.ts";
import { SimulatedEngine } from "../testing/simulated-engine.ts";
import type { Device } from "./device.ts";
import { apiServer, listen } from "./server.ts";
import { v1Routes } from "./v1.ts";
import { v2LocalRoutes } from "./v2-local.ts";
import { v2StateRoutes } from "./v2-state.ts";

const GLOBAL = "g".repeat(32);
const keys = new KeyRing(GLOBAL, "s".repeat(64));
const serviceKey = keys.keyFor(1, "web");
const otherKey = keys.keyFor(2, "web");

let server: Server;
let base: string;
let isLocal: boolean;
let isHealthy: boolean;
let status: ApplyStatus;
let taken: unknown[];

beforeAll(async () => {
  const engine = new SimulatedEngine();
  engine.images.set("img:1", "sha256:1");
  const desired = desiredOf(wireOf({ services: { web: {}, db: {} } }));
  await converge(engine, desired);
  status = {
    current: await engine.observe(),
    desired,
    running: new Map(),
    progress: new Map(),
    plan: { steps: [], waits: [] },
    isApplied: true,
    lastRoundAt: 0,
  };
  const device: Device = {
    version: "1.2.3",
    info: () => ({ arch: "amd64", deviceType: "generic-amd64" }),
    name: () => "brave-lamp",
    isLocalMode: () => isLocal,
    isHealthy: () => isHealthy,
    status: () => status,
    localTarget: () => ({ local: { name: "brave-lamp", config: {}, apps: {} } }),
    setLocalTarget: async (state, force) => {
      if (state.local.name === "wrong") refuse("supervisor.invalid-target", { message: "no such thing" });
      if (state.local.name === "broken") throw new Error("disk full");
      taken.push([state.local.name, force]);
    },
  };
  const routes = [...v1Routes(device), ...v2StateRoutes(device), ...v2LocalRoutes(device)];
  server = apiServer({ routes, keys, needsKey: () => !isLocal, log: recordingLog() });
  await listen(server, 0, "127.0.0.1");
  const address = server.address();
  base = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  isLocal = true;
  isHealthy = true;
  taken = [];
});

async function ask(path: string, init: RequestInit = {}): Promise<[number, unknown]> {
  const answer = await fetch(base + path, init);
  const text = await answer.text();
  return [answer.status, (answer.headers.get("content-type") ?? "").includes("json") ? JSON.parse(text) : text];
}

const post = (body: string, type = "application/json"): RequestInit => ({
  method: "POST",
  headers: { "content-type": type },
  body,
});

describe("the device API", () => {
  it("answers /ping and /v1/healthy without a key", async () => {
    isLocal = false;
    expect(await ask("/ping")).toEqual([200, "OK"]);
    expect(await ask("/v1/healthy")).toEqual([200, "OK"]);
    isHealthy = false;
    expect(await ask("/v1/healthy")).toEqual([500, "Unhealthy"]);
  });

  it("needs a key for everything else outside local mode", async () => {
    isLocal = false;
    expect(await ask("/v2/version")).toEqual([401, "Unauthorized"]);
    expect(await ask("/v2/version?apikey=wrong")).toEqual([401, "Unauthorized"]);
    expect(await ask("/no/such/path")).toEqual([401, "Unauthorized"]);
    expect(await ask(`/v2/version?apikey=${GLOBAL}`)).toEqual([
      200,
      { status: "success", version: SPOKEN_SUPERVISOR_VERSION, holdfast: "1.2.3" },
    ]);
    for (const scheme of ["Bearer", "bearer", "ApiKey", "APIKEY"]) {
      expect((await ask("/v2/version", { headers: { authorization: `${scheme} ${GLOBAL}` } }))[0]).toBe(200);
    }
    expect((await ask("/v2/version", { headers: { authorization: `Basic ${GLOBAL}` } }))[0]).toBe(401);
  });

  it("shows a service's key only its own app", async () => {
    isLocal = false;
    expect((await ask(`/v2/applications/state?apikey=${otherKey}`))[1]).toEqual({});
    expect((await ask(`/v2/applications/state?apikey=${serviceKey}`))[1]).toMatchObject({
      app1: {
        appId: 1,
        appUuid: "uuid1",
        commit: "one",
        updateStatus: "done",
        services: { web: { status: "Running", image: "img:1", releaseId: 10, downloadProgress: null } },
      },
    });
    expect((await ask(`/v2/local/target-state?apikey=${serviceKey}`))[0]).toBe(401);
  });

  it("tells version, name, kind and state", async () => {
    expect((await ask("/v2/device/name"))[1]).toEqual({ status: "success", deviceName: "brave-lamp" });
    expect((await ask("/v2/local/device-info"))[1]).toEqual({
      status: "success",
      info: { arch: "amd64", deviceType: "generic-amd64" },
    });
    const [, state] = await ask("/v2/state/status");
    expect(state).toMatchObject({
      status: "success",
      appState: "applied",
      overallDownloadProgress: null,
      release: "one",
    });
    expect(state).toHaveProperty("containers[0]", {
      status: "Running",
      serviceName: "db",
      appId: 1,
      imageId: 201,
      serviceId: 101,
      containerId: "c1",
      createdAt: expect.stringMatching(/^\d{4}-/),
    });
    expect(state).toHaveProperty("images[0]", {
      name: "img:1",
      appId: 1,
      serviceName: "db",
      imageId: 201,
      dockerImageId: "sha256:1",
      status: "Downloaded",
      downloadProgress: null,
    });
  });

  it("finds containers by service", async () => {
    expect((await ask("/v2/containerId"))[1]).toEqual({ status: "success", services: { web: "c2", db: "c1" } });
    expect((await ask("/v2/containerId?service=web"))[1]).toEqual({ status: "success", containerId: "c2" });
    expect((await ask("/v2/containerId?serviceName=db"))[1]).toEqual({ status: "success", containerId: "c1" });
    const missing = [503, { status: "failed", message: "Could not find service with that name" }];
    expect(await ask("/v2/containerId?service=constructor")).toEqual(missing);
  });

  it("takes a local target in local mode only", async () => {
    const body = JSON.stringify({ local: { name: "bench", config: {}, apps: {} }, force: true });
    expect(await ask("/v2/local/target-state", post(body))).toEqual([200, { status: "success", message: "OK" }]);
    expect(taken).toEqual([["bench", true]]);
    isLocal = false;
    expect(await ask(`/v2/local/target-state?apikey=${GLOBAL}`, post(body))).toEqual([
      400,
      { status: "failed", message: "Target state can only set when device is in local mode" },
    ]);
  });

  it.each([
    ["{", 400],
    ["[]", 400],
    ['{"local":5}', 400],
    ['{"local":{"name":"wrong"}}', 400],
    ['{"local":{"name":"broken"}}', 503],
    [`{"local":{"name":"${"x".repeat(300)}"}}`, 400],
  ])("answers the bad body %.60s with %d and a reason", async (body, expected) => {
    const [code, answer] = await ask("/v2/local/target-state", post(body));
    expect(code).toBe(expected);
    expect(answer).toMatchObject({ status: "failed", message: expect.stringMatching(/./) });
    expect(taken).toEqual([]);
  });

  it("refuses a body over 10 MB", async () => {
    const outcome = await ask("/v2/local/target-state", post(`"${"x".repeat(10 * 1024 * 1024)}"`));
    expect(outcome[0]).toBe(413);
  });

  it("answers 404 and 400 for what is no endpoint", async () => {
    expect((await ask("/v2/nothing"))[0]).toBe(404);
    expect((await ask("/ping", { method: "POST" }))[0]).toBe(404);
    const raw = await new Promise<number | undefined>((resolve) => {
      const url = new URL(base);
      httpRequest({ host: url.hostname, port: url.port, path: "//" }, (answer) => resolve(answer.statusCode)).end();
    });
    expect(raw).toBeGreaterThanOrEqual(400);
  });
});
