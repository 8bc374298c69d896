import { expect, it } from "vitest";
import { converge, freshContext, summary } from "../testing/converge.ts";
import { desiredOf, type TestService, wireOf } from "../testing/fixtures.ts";
import { SimulatedEngine } from "../testing/simulated-engine.ts";
import type { PlanContext } from "./context.ts";
import { plan } from "./plan.ts";

const checked: TestService = { composition: { healthcheck: { test: "true" } } };

async function unhealthyWeb(services: Readonly<Record<string, TestService>>, context: Partial<PlanContext> = {}) {
  const engine = new SimulatedEngine();
  engine.images.set("img:1", "sha256:1");
  const desired = desiredOf(wireOf({ services: { web: checked, ...services } }));
  await converge(engine, desired);
  const byService = new Map(
    [...engine.containers.values()].map((one) => [one.body.Labels["io.balena.service-name"] ?? "", one]),
  );
  Object.assign(byService.get("web") ?? {}, { health: "unhealthy" });
  const seenRunning = new Set(engine.containers.keys());
  const made = plan(await engine.observe(), desired, { ...freshContext(engine), seenRunning, ...context });
  return { ...made, lines: made.steps.map(summary), idOf: (name: string) => byService.get(name)?.id ?? "" };
}

it("restarts what shares the network of an unhealthy service after it", async () => {
  const { lines, idOf } = await unhealthyWeb({ side: { composition: { network_mode: "service:web" } }, other: {} });
  expect(lines).toEqual([`restart web and ${idOf("side")}`]);
});

it("waits for the end of the pause after a restart, and is settled meanwhile", async () => {
  const { steps, waits, recheckAfterMs } = await unhealthyWeb({}, { restartPauses: new Map([["c1", 40_000]]) });
  expect({ steps, waits, recheckAfterMs }).toEqual({ steps: [], waits: [], recheckAfterMs: 40_000 });
});

it("goes back at once from a hand-over that the target no longer wants", async () => {
  const labels = { "io.balena.update.strategy": "hand-over" };
  const engine = new SimulatedEngine();
  engine.images.set("img:1", "sha256:1");
  const first = desiredOf(wireOf({ services: { web: { labels } } }));
  await converge(engine, first);
  engine.now += 10_000;
  const second = desiredOf(wireOf({ commit: "two", services: { web: { labels, environment: { NEW: "1" } } } }));
  await converge(engine, second, { rounds: 2 });
  expect(engine.containers.get("c1")?.restart).toBe("no");
  const { steps, waits } = plan(await engine.observe(), first, freshContext(engine));
  expect(steps.map(summary)).toEqual(["stop web"]);
  expect(waits).toEqual([]);
  await converge(engine, first);
  expect([...engine.containers.values()].map(({ id, restart }) => [id, restart])).toEqual([["c1", "always"]]);
});

it("still hands over when a stopped container lies beside the old one", async () => {
  const labels = { "io.balena.update.strategy": "hand-over" };
  const engine = new SimulatedEngine();
  engine.images.set("img:1", "sha256:1");
  await converge(engine, desiredOf(wireOf({ services: { web: { labels } } })));
  const old = engine.containers.get("c1");
  if (old === undefined) throw new Error("nothing was made");
  engine.containers.set("c1-twin", { ...old, id: "c1-twin", name: "web_twin", state: "exited" });
  const next = desiredOf(wireOf({ commit: "two", services: { web: { labels, environment: { NEW: "1" } } } }));
  const rounds = await converge(engine, next);
  expect(rounds.map((steps) => steps.map(summary)).slice(0, 3)).toEqual([
    ["remove web"],
    ["create web_200_10_two"],
    ["start web"],
  ]);
  expect(engine.containers.has("c1-twin")).toBe(false);
});

it("leaves an unhealthy service alone that is not meant to be restarted", async () => {
  const web = { ...checked, labels: { "io.holdfast.health.restart": "off" } };
  expect((await unhealthyWeb({ web })).steps).toEqual([]);
});
