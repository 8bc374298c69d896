import { expect, it } from "vitest";
import { converge } from "../testing/converge.ts";
import { desiredOf, wireOf } from "../testing/fixtures.ts";
import { SimulatedEngine } from "../testing/simulated-engine.ts";
import { UnhealthyRestarts } from "./unhealthy-restarts.ts";

async function oneContainer() {
  const engine = new SimulatedEngine();
  engine.images.set("img:1", "sha256:1");
  await converge(engine, desiredOf(wireOf({ services: { web: { composition: { healthcheck: { test: "true" } } } } })));
  const [container] = engine.containers.values();
  if (container === undefined) throw new Error("no container");
  return { engine, container };
}

it("pauses longer after each restart, up to an hour", async () => {
  const { engine, container } = await oneContainer();
  const restarts = new UnhealthyRestarts();
  const pauses: number[] = [];
  for (let count = 0; count < 11; count += 1) {
    restarts.restarted(container.id, 0);
    pauses.push(restarts.pauses(await engine.observe(), 0).get(container.id) ?? 0);
  }
  expect(pauses.slice(0, 4)).toEqual([10_000, 20_000, 40_000, 80_000]);
  expect(pauses.at(-1)).toBe(3_600_000);
  expect(restarts.pauses(await engine.observe(), 3_600_000)).toEqual(new Map());
});

it("forgets a container that is calm, or gone, but not one that is still unhealthy", async () => {
  const { engine, container } = await oneContainer();
  const restarts = new UnhealthyRestarts();
  restarts.restarted(container.id, 0);
  container.health = "unhealthy";
  restarts.pauses(await engine.observe(), 700_000);
  expect(restarts.countOf(container.id)).toBe(1);
  container.health = "healthy";
  restarts.pauses(await engine.observe(), 700_000);
  expect(restarts.countOf(container.id)).toBe(0);
  restarts.restarted(container.id, 0);
  engine.containers.clear();
  restarts.pauses(await engine.observe(), 1);
  expect(restarts.countOf(container.id)).toBe(0);
});
