import { expect, it } from "vitest";
import { converge } from "../testing/converge.ts";
import { desiredOf, wireOf } from "../testing/fixtures.ts";
import { SimulatedEngine } from "../testing/simulated-engine.ts";
import { KeyRing } from "./key-ring.ts";

it("opens all with the global key, one app with a service's, nothing with another", () => {
  const ring = new KeyRing("g".repeat(32), "s".repeat(64));
  const key = ring.keyFor(7, "web");
  expect(key).toMatch(/^\w{32}$/);
  expect(ring.scopeOf("g".repeat(32))).toEqual({ type: "global" });
  expect(ring.scopeOf(key)).toEqual({ type: "app", appId: 7 });
  expect(ring.scopeOf("x")).toBeUndefined();
  expect(ring.keyFor(7, "web")).toBe(key);
  expect(ring.keyFor(7, "db")).not.toBe(key);
});

it("accepts the keys of running containers after its secret was lost", async () => {
  const engine = new SimulatedEngine();
  engine.images.set("img:1", "sha256:1");
  const labels = { "io.balena.features.supervisor-api": "1" };
  await converge(engine, desiredOf(wireOf({ services: { web: { labels } } })));
  const ring = new KeyRing("g".repeat(32), "another".repeat(9));
  expect(ring.scopeOf("0123")).toBeUndefined();
  await ring.adopt(engine, await engine.observe());
  expect(ring.scopeOf("0123")).toEqual({ type: "app", appId: 1 });
});

it("forgets a key that was replaced, also when a container or a new process still has it", async () => {
  const engine = new SimulatedEngine();
  engine.images.set("img:1", "sha256:1");
  const labels = { "io.balena.features.supervisor-api": "1" };
  await converge(engine, desiredOf(wireOf({ services: { web: { labels } } })));
  const ring = new KeyRing("g".repeat(32), "s".repeat(64));
  await ring.adopt(engine, await engine.observe());
  expect(ring.ownerOf("0123")).toBe("1/web");
  const next = ring.renew(1, "web", 1);
  expect(ring.scopeOf("0123")).toBeUndefined();
  expect(ring.scopeOf(next)).toEqual({ type: "app", appId: 1 });
  const later = new KeyRing("g".repeat(32), "s".repeat(64), { "1/web": 1 });
  await later.adopt(engine, await engine.observe());
  expect(later.scopeOf("0123")).toBeUndefined();
  expect(later.scopeOf(next)).toEqual({ type: "app", appId: 1 });
  ring.replaceGlobal("h".repeat(32));
  expect([ring.scopeOf("g".repeat(32)), ring.scopeOf("h".repeat(32))]).toEqual([undefined, { type: "global" }]);
  expect(ring.ownerOf("h".repeat(32))).toBeUndefined();
});
