import { describe, expect, it } from "vitest";
import { converge } from "../testing/converge.ts";
import { desiredOf, type TestService, wireOf } from "../testing/fixtures.ts";
import { SimulatedEngine } from "../testing/simulated-engine.ts";
import { allLockGroups, lockGroupsOf } from "./lock-group.ts";

const apart: TestService = { labels: { "io.holdfast.update.lock-scope": "service" } };

async function sceneOf(running: Record<string, TestService>, wanted: Record<string, TestService>) {
  const engine = new SimulatedEngine();
  engine.images.set("img:1", "sha256:1");
  await converge(engine, desiredOf(wireOf({ services: running })));
  return { current: await engine.observe(), desired: desiredOf(wireOf({ services: wanted })) };
}

describe("lock groups", () => {
  it("hold all services of an app, those that run and those that should", async () => {
    const scene = await sceneOf({ a: {}, old: {} }, { a: {}, next: {} });
    const group = { appId: 1, services: ["a", "next", "old"], scope: "app" };
    expect(allLockGroups(scene)).toEqual([group]);
    expect(lockGroupsOf([{ appId: 1, service: "a" }], scene)).toEqual([group]);
    expect(lockGroupsOf([{ appId: 2, service: "a" }], scene)).toEqual([]);
  });

  it("leave out a service whose label keeps its lock to itself, as what runs has it", async () => {
    const scene = await sceneOf({ a: {}, b: apart, c: {} }, { a: {}, b: {}, c: apart, d: apart });
    expect(allLockGroups(scene)).toEqual([
      { appId: 1, services: ["a", "c"], scope: "app" },
      { appId: 1, services: ["b"], scope: "service" },
      { appId: 1, services: ["d"], scope: "service" },
    ]);
    expect(lockGroupsOf([{ appId: 1, service: "b" }], scene).map(({ services }) => services)).toEqual([["b"]]);
  });
});
