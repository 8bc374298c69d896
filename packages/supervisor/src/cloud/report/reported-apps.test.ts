import { parseWire, wireApps } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import type { ApplyStatus } from "../../apply/apply-loop.ts";
import type { Current } from "../../engine/current.ts";
import { converge } from "../../testing/converge.ts";
import { desiredOf, wireOf } from "../../testing/fixtures.ts";
import { SimulatedEngine } from "../../testing/simulated-engine.ts";
import { reportedApps } from "./reported-apps.ts";

const image = (digit: string) => `registry.test/a@sha256:${digit.repeat(64)}`;
const release = (commit: string, digit: string) => wireOf({ commit, services: { web: { image: image(digit) } } });

function status(current: Current, wanted: object, more: Partial<ApplyStatus> = {}): ApplyStatus {
  return {
    current,
    desired: desiredOf(wanted),
    running: new Map(),
    progress: new Map(),
    plan: { steps: [], waits: [] },
    isApplied: false,
    lastRoundAt: 0,
    ...more,
  };
}

async function engineWith(release: object, digit: string): Promise<SimulatedEngine> {
  const engine = new SimulatedEngine();
  engine.images.set(image(digit), `sha256:${digit}`);
  await converge(engine, desiredOf(release));
  return engine;
}

const none = { wire: {}, refused: [] };

describe("the apps of a report", () => {
  it("tell what is downloaded and how far", async () => {
    const current = await new SimulatedEngine().observe();
    const wanted = release("one", "1");
    const progress = new Map([[image("1"), 42]]);
    expect(reportedApps({ status: status(current, wanted, { progress }), ...none })).toEqual({
      uuid1: {
        releases: {
          one: {
            update_status: "downloading",
            services: { web: { image: image("1"), status: "Downloading", download_progress: 42 } },
          },
        },
      },
    });
  });

  it("name the release that runs, and the former one beside what replaces it", async () => {
    const engine = await engineWith(release("one", "1"), "1");
    const done = status(await engine.observe(), release("one", "1"), { isApplied: true });
    const running = { update_status: "done", services: { web: { image: image("1"), status: "Running" } } };
    expect(reportedApps({ status: done, ...none })).toEqual({
      uuid1: { release_uuid: "one", releases: { one: running } },
    });
    engine.images.set(image("2"), "sha256:2");
    const updating = status(await engine.observe(), release("two", "2"));
    expect(reportedApps({ status: updating, ...none })).toEqual({
      uuid1: {
        release_uuid: "one",
        releases: {
          one: running,
          two: { update_status: "applying changes", services: { web: { image: image("2"), status: "Downloaded" } } },
        },
      },
    });
  });

  it("do not name images that no server can know", async () => {
    const engine = new SimulatedEngine();
    engine.images.set("img:1", "sha256:1");
    await converge(engine, desiredOf(wireOf({ commit: "one", services: { web: {} } })));
    const updating = status(await engine.observe(), release("two", "2"));
    expect(Object.keys(reportedApps({ status: updating, ...none })["uuid1"]?.releases ?? {})).toEqual(["two"]);
  });

  it("tell a release that the device went back from as rejected, beside the one that is back", async () => {
    const engine = await engineWith(release("one", "1"), "1");
    const done = status(await engine.observe(), release("one", "1"), { isApplied: true });
    const rejected = { commit: "bad", code: "supervisor.release-unhealthy", reason: "web is unhealthy" } as const;
    const apps = done.desired?.apps.map((app) => ({ ...app, rejected })) ?? [];
    const reverted = done.desired === undefined ? done : { ...done, desired: { ...done.desired, apps } };
    expect(reportedApps({ status: reverted, wire: {}, refused: [] })).toMatchObject({
      uuid1: {
        release_uuid: "one",
        releases: { bad: { update_status: "rejected", services: {} }, one: { update_status: "done" } },
      },
    });
  });

  it("tell a refused release as rejected, beside what runs", async () => {
    const engine = await engineWith(release("one", "1"), "1");
    const done = status(await engine.observe(), release("one", "1"), { isApplied: true });
    const refused = [
      { app: "uuid1", commit: "bad" },
      { app: "uuid1", commit: "one" },
      { app: "uuid9", commit: "worse" },
    ];
    const rejected = { update_status: "rejected", services: {} };
    expect(reportedApps({ status: done, wire: {}, refused })).toMatchObject({
      uuid1: { release_uuid: "one", releases: { bad: rejected, one: { update_status: "done" } } },
      uuid9: { releases: { worse: rejected } },
    });
  });

  it("tell the supervisor's own app as running", async () => {
    const uuid = "52e35121417640b1b28a680504e4039b";
    const services = {
      core: { id: 1, image_id: 1, image: image("5") },
      "core-next": { id: 2, image_id: 2, image: image("6") },
    };
    const wire = parseWire(wireApps, { [uuid]: { id: 3, name: "sv", releases: { x: { id: 1, services } } } }, "test");
    const current = await new SimulatedEngine().observe();
    expect(reportedApps({ status: status(current, wire), wire, refused: [] })).toEqual({
      [uuid]: {
        release_uuid: "x",
        releases: { x: { update_status: "done", services: { core: { image: image("5"), status: "Running" } } } },
      },
    });
  });

  it.each([
    ["downloading", "downloading"],
    ["starting", "applying changes"],
    ["refused", "rejected"],
  ] as const)("tell of the supervisor's own release that is %s", async (progress, updateStatus) => {
    const uuid = "52e35121417640b1b28a680504e4039b";
    const services = { core: { id: 1, image_id: 1, image: image("5") } };
    const wire = parseWire(wireApps, { [uuid]: { id: 3, name: "sv", releases: { x: { id: 1, services } } } }, "test");
    const current = await new SimulatedEngine().observe();
    const self = { commit: "x", progress, percent: 7 };
    const app = reportedApps({ status: status(current, wire), wire, refused: [], self })[uuid];
    expect(app?.releases["x"]?.update_status).toBe(updateStatus);
    expect(app?.release_uuid).toBeUndefined();
  });
});
