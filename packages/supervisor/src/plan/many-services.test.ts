import { expect, it } from "vitest";
import type { Current } from "../engine/current.ts";
import type { Desired } from "../spec/desired.ts";
import { converge, freshContext } from "../testing/converge.ts";
import { desiredOf, type TestService, wireOf } from "../testing/fixtures.ts";
import { SimulatedEngine } from "../testing/simulated-engine.ts";
import { plan } from "./plan.ts";

function appOf(count: number, commit: string, changed: TestService): Desired {
  const plain: TestService = { composition: { networks: ["net"], volumes: ["data:/data"] } };
  const services = Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`s${String(at).padStart(3, "0")}`, at === 0 ? changed : plain]),
  );
  return desiredOf(wireOf({ commit, services, networks: { net: {} }, volumes: { data: {} } }));
}

async function settled(count: number): Promise<SimulatedEngine> {
  const engine = new SimulatedEngine();
  for (const image of ["img:1", "img:2"]) engine.registry.set(image, `sha256:${image}`);
  await converge(engine, appOf(count, "one", {}));
  return engine;
}

/** A look at the engine that counts how often a plan reads something of a container. */
function counting(current: Current): { readonly current: Current; readonly reads: () => number } {
  let reads = 0;
  const containers = current.containers.map(
    (container) =>
      new Proxy(container, {
        get: (target, key, receiver) => {
          reads += 1;
          return Reflect.get(target, key, receiver);
        },
      }),
  );
  return { current: { ...current, containers }, reads: () => reads };
}

it("changes one of a hundred services with the calls that one service takes", async () => {
  const engine = await settled(100);
  const before = engine.calls.length;
  await converge(engine, appOf(100, "one", { image: "img:2" }));
  expect(engine.calls.slice(before)).toEqual([
    "pull img:2",
    "stop c1",
    "remove c1",
    "create s000_200_10_one",
    "start c101",
  ]);
});

it.each([
  ["one service changed", "one"],
  ["the release of all changed", "two"],
])("plans twice as many services by looking twice as often: %s", async (_, commit) => {
  const readsWith = async (count: number): Promise<number> => {
    const engine = await settled(count);
    const { current, reads } = counting(await engine.observe());
    const seenRunning = new Set(engine.containers.keys());
    plan(current, appOf(count, commit, { environment: { NEW: "1" } }), { ...freshContext(engine), seenRunning });
    return reads();
  };
  const [few, many] = [await readsWith(50), await readsWith(200)];
  expect(few).toBeGreaterThan(50);
  expect(many).toBeLessThan(few * 4.5);
});
