import { expect, it } from "vitest";
import { ImageIndex } from "../plan/image-index.ts";
import { matchApp } from "../plan/match.ts";
import { converge } from "../testing/converge.ts";
import { desiredOf, type TestService, wireOf } from "../testing/fixtures.ts";
import { SimulatedEngine } from "../testing/simulated-engine.ts";
import { type Findings, releaseFaults, type Troubles } from "./release-faults.ts";

async function findings(change: object, troubles: Troubles, service: TestService = {}): Promise<Findings> {
  const engine = new SimulatedEngine();
  engine.images.set("img:1", "sha256:1");
  const desired = desiredOf(wireOf({ services: { web: service } }));
  await converge(engine, desired);
  const [app] = desired.apps;
  if (app === undefined) throw new Error("no app");
  const seen = await engine.observe();
  const current = { ...seen, containers: seen.containers.map((one) => ({ ...one, ...change })) };
  const matched = matchApp(app, { current, images: new ImageIndex(current.images), replaced: new Set() });
  return releaseFaults({ matched, troublesOf: () => troubles, healthRestartsOf: () => 2, stableMs: 1000 });
}

const calm: Troubles = { count: 0, calmMs: Number.POSITIVE_INFINITY };

it.each<[string, object, Troubles]>([
  ["runs without trouble", {}, calm],
  ["is healthy", { health: "healthy" }, calm],
  ["ended often, and runs for long since", {}, { count: 9, calmMs: 1000 }],
  ["was stopped by somebody", { state: "exited", exitCode: 137 }, calm],
  ["is paused", { state: "paused" }, calm],
])("finds nothing against a service that %s", async (_, change, troubles) => {
  expect(await findings(change, troubles)).toEqual({ faults: [], isUndecided: false, isHopeless: false });
});

it.each<[string, object, Troubles, Partial<Findings>]>([
  ["is unhealthy", { health: "unhealthy" }, calm, { faults: ["web is unhealthy"], isHopeless: true }],
  ["is between two starts", { state: "restarting", exitCode: 2 }, calm, { faults: ["web keeps ending (exit code 2)"] }],
  ["ended often and lately", {}, { count: 3, calmMs: 999 }, { faults: ["web keeps ending (3 times)"] }],
  ["ended lately", {}, { count: 1, calmMs: 999 }, { faults: [], isUndecided: true }],
  ["is still being checked", { health: "starting" }, calm, { faults: [], isUndecided: true }],
  ["was never started", { state: "created" }, calm, { faults: ["web did not start"] }],
  ["is dead", { state: "dead" }, calm, { faults: ["web could not be made"] }],
])("sees that a service %s", async (_, change, troubles, expected) => {
  expect(await findings(change, troubles)).toMatchObject(expected);
});

it("does not ask of a service that it runs when it is not meant to", async () => {
  expect((await findings({ state: "created" }, calm, { running: false })).faults).toEqual([]);
  const labels = { "io.balena.update.requires-reboot": "1" };
  expect(await findings({ state: "created" }, calm, { labels })).toMatchObject({ faults: [], isUndecided: true });
});
