import { expect, it } from "vitest";
import { converge, freshContext, summary } from "../testing/converge.ts";
import { desiredOf, wireOf } from "../testing/fixtures.ts";
import { SimulatedEngine } from "../testing/simulated-engine.ts";
import { plan } from "./plan.ts";
import { type Need, pullObstacles, type Space } from "./space.ts";

const MIB = 1024 * 1024;
const space = (freeMib: number, needs: Readonly<Record<string, Need | number>>): Space => ({
  freeBytes: freeMib * MIB,
  needs: new Map(
    Object.entries(needs).map(([image, need]): [string, Need] => [
      image,
      typeof need === "number" ? { kind: "bytes", bytes: need * MIB } : need,
    ]),
  ),
});

it("lets a release through that fits as a whole, beside the reserve", () => {
  expect(pullObstacles(["a", "b", "a"], space(164, { a: 60, b: 40 })).size).toBe(0);
  expect([...pullObstacles(["a", "b"], space(163, { a: 60, b: 40 })).keys()]).toEqual(["a", "b"]);
});

it("says how much is needed, how much is there, and what would help", () => {
  const reason = pullObstacles(["a"], space(80, { a: 300 })).get("a");
  expect(reason).toMatch(/^storage.insufficient-space: .*needs about 300 MiB, 80 MiB are free, of which 64 MiB stay/);
  expect(reason).toMatch(/volumes.*delete-then-download.*data partition/);
});

it("waits for sizes that are being asked, refuses single images, and lets unknown ones through", () => {
  const obstacles = pullObstacles(
    ["asked", "foreign", "unknown"],
    space(1, { asked: { kind: "asking" }, foreign: { kind: "refused", reason: "made for arm64" } }),
  );
  expect(Object.fromEntries(obstacles)).toEqual({ asked: "its size is asked for first", foreign: "made for arm64" });
});

it("keeps the running release when the next one does not fit, and fetches nothing of it", async () => {
  const engine = new SimulatedEngine();
  engine.images.set("img:1", "sha256:1");
  await converge(engine, desiredOf(wireOf({ services: { web: {} } })));
  const next = desiredOf(wireOf({ commit: "two", services: { web: { image: "img:2" }, db: { image: "img:3" } } }));
  const context = { ...freshContext(engine), seenRunning: new Set(engine.containers.keys()) };
  const full = plan(await engine.observe(), next, { ...context, space: space(90, { "img:2": 20, "img:3": 20 }) });
  expect(full.steps).toEqual([]);
  expect(full.waits.map(({ service }) => service)).toEqual(["db", "web"]);
  const roomy = plan(await engine.observe(), next, { ...context, space: space(200, { "img:2": 20, "img:3": 20 }) });
  expect(roomy.steps.map(summary)).toEqual(["pull img:3", "pull img:2"]);
});

it("makes room first where the strategy says so", async () => {
  const labels = { "io.balena.update.strategy": "delete-then-download" };
  const engine = new SimulatedEngine();
  engine.images.set("img:1", "sha256:1");
  await converge(engine, desiredOf(wireOf({ services: { web: { labels } } })));
  const next = desiredOf(wireOf({ commit: "two", services: { web: { image: "img:2", labels } } }));
  const context = { ...freshContext(engine), space: space(10, { "img:2": 20 }) };
  expect(plan(await engine.observe(), next, context).steps.map(summary)).toEqual(["stop web"]);
});
