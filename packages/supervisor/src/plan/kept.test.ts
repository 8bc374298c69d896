import { describe, expect, it } from "vitest";
import type { Desired } from "../spec/desired.ts";
import { converge, summary } from "../testing/converge.ts";
import { desiredOf, wireOf } from "../testing/fixtures.ts";
import { SimulatedEngine } from "../testing/simulated-engine.ts";

async function running(): Promise<SimulatedEngine> {
  const engine = new SimulatedEngine();
  for (const image of ["img:1", "img:2", "img:3"]) engine.registry.set(image, `sha256:${image}`);
  await converge(engine, desiredOf(wireOf({ services: { web: {} }, volumes: { data: {} } })));
  return engine;
}

const lines = async (engine: SimulatedEngine, desired: Desired): Promise<string[]> =>
  (await converge(engine, desired)).flat().map(summary);

describe("what a plan keeps", () => {
  it("is all of an app that is frozen, while other apps go on", async () => {
    const engine = await running();
    const [frozen] = desiredOf(wireOf({ commit: "two", services: { web: { image: "img:2" } } })).apps;
    const other = desiredOf(wireOf({ id: 2, services: { db: { image: "img:3" } } }));
    if (frozen === undefined) throw new Error("no app");
    const desired = { ...other, apps: [{ ...frozen, isFrozen: true } as const, ...other.apps] };
    expect(await lines(engine, desired)).toEqual([
      "create network uuid2_default",
      "pull img:3",
      "create db_200_10_one",
      "start db",
    ]);
    expect([...engine.volumes.keys()]).toEqual(["1_data"]);
  });

  it("are the images of a release to go back to", async () => {
    const engine = await running();
    const next = desiredOf(wireOf({ commit: "two", services: { web: { image: "img:2" } } }));
    expect(await lines(engine, { ...next, spareImages: ["img:1"] })).not.toContain("remove image img:1");
    expect(await lines(engine, next)).toContain("remove image img:1");
  });

  it("are the images of a held update, which are all that is done of it", async () => {
    const engine = await running();
    const present = desiredOf(wireOf({ services: { web: {} } }));
    const prefetch = ["img:2", "img:3", "img:2"].map((image) => ({ appId: 1, service: "web", image }));
    expect(await lines(engine, { ...present, prefetch })).toEqual(["pull img:2", "pull img:3"]);
    expect(await lines(engine, present)).toEqual(["remove image img:2", "remove image img:3"]);
  });
});
