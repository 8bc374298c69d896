import { describe, expect, it } from "vitest";
import type { ApplyStatus } from "../apply/apply-loop.ts";
import type { Scope } from "../device/key-ring.ts";
import { desiredOf, wireOf } from "../testing/fixtures.ts";
import { SimulatedEngine } from "../testing/simulated-engine.ts";
import { updatesAnswer } from "./open-api/v3-answers.ts";
import { Router } from "./router.ts";
import { type Updates, v3UpdateRoutes } from "./v3-updates.ts";

const GLOBAL: Scope = { type: "global" };

async function bench(own: Partial<Updates> = {}) {
  const engine = new SimulatedEngine();
  engine.images.set("img:1", "sha256:1");
  const desired = desiredOf(wireOf({ services: { web: {}, db: { image: "gone:1" } } }));
  const rejected = { commit: "two", code: "supervisor.release-unhealthy", reason: "web is unhealthy" } as const;
  const status: ApplyStatus = {
    current: await engine.observe(),
    desired: { ...desired, apps: desired.apps.map((app) => ({ ...app, rejected })) },
    running: new Map(),
    progress: new Map(),
    plan: { steps: [], waits: [{ appId: 1, service: "web", reason: "other images are missing" }] },
    isApplied: false,
    lastRoundAt: 0,
  };
  let isHolding = false;
  const routes = v3UpdateRoutes({
    status: () => status,
    failureOf: (key) => (key === "image gone:1" ? { count: 1, retryAt: 0, message: "manifest unknown" } : undefined),
    isHolding: () => isHolding,
    waiting: () => undefined,
    hold: async () => {
      isHolding = true;
    },
    release: async () => {
      isHolding = false;
      return true;
    },
    ...own,
  });
  return async (method: string, path: string, scope = GLOBAL) => {
    const match = new Router(routes).find(method, path);
    if (match === undefined) throw new Error("no such route");
    return match.route.answer({ params: {}, query: new URLSearchParams(), scope, body: async () => ({}) });
  };
}

describe("/v3/updates", () => {
  it("tells of each service that a network or a volume of its app cannot be made", async () => {
    const message = "no such pool";
    const failureOf = (key: string) =>
      key === "network uuid1_default" ? { count: 1, retryAt: 0, message } : undefined;
    const ask = await bench({ failureOf });
    const services = { web: { failure: message }, db: { failure: message } };
    expect(await ask("GET", "/v3/updates")).toMatchObject({ json: { apps: [{ services }] } });
  });

  it("tells of each service what it waits for and what failed, and which release was rejected", async () => {
    const ask = await bench();
    const answer = await ask("GET", "/v3/updates");
    expect("json" in answer && updatesAnswer.safeParse(JSON.parse(JSON.stringify(answer.json))).error).toBeUndefined();
    expect(answer).toMatchObject({
      status: 200,
      json: {
        hold: false,
        waiting: [],
        apps: [
          {
            appId: 1,
            commit: "one",
            updateStatus: "rejected",
            rejected: { commit: "two", reason: "web is unhealthy" },
            services: {
              web: { waitsFor: "other images are missing", failure: null },
              db: { waitsFor: null, failure: "manifest unknown" },
            },
          },
        ],
      },
    });
  });

  it("holds and releases", async () => {
    const ask = await bench();
    expect(await ask("POST", "/v3/updates/hold")).toMatchObject({ json: { hold: true } });
    expect(await ask("POST", "/v3/updates/release")).toMatchObject({ json: { released: true, hold: false } });
  });

  it("tells of what waits whether it is downloaded", async () => {
    const apps = {
      u: { id: 1, name: "shop", class: "fleet", is_host: false, releases: { two: releaseOf("img:1") } },
    } as const;
    const ask = await bench({ waiting: () => ({ source: "cloud", config: {}, apps }) });
    expect(await ask("GET", "/v3/updates")).toMatchObject({
      json: { waiting: [{ appId: 1, appUuid: "u", name: "shop", commit: "two", downloaded: true }] },
    });
  });

  it("is told to the key of a service for its own app only, and commanded by the owner's only", async () => {
    const ask = await bench();
    const scope: Scope = { type: "app", appId: 2 };
    expect(await ask("GET", "/v3/updates", scope)).toMatchObject({ json: { apps: [], waiting: [] } });
    for (const verb of ["hold", "release"])
      expect(await ask("POST", `/v3/updates/${verb}`, { type: "app", appId: 1 })).toMatchObject({ status: 401 });
  });
});

function releaseOf(image: string) {
  const service = { id: 1, image_id: 1, image, running: true, environment: {}, labels: {}, composition: {} };
  return { id: 1, services: { web: service }, volumes: {}, networks: {} };
}
