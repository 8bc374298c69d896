import { expect, it } from "vitest";
import { converge } from "../testing/converge.ts";
import { desiredOf, wireOf } from "../testing/fixtures.ts";
import { SimulatedEngine } from "../testing/simulated-engine.ts";
import { handoverStatus } from "./handover-status.ts";

it("tells the container that goes from the one that comes, while both run", async () => {
  const labels = { "io.balena.update.strategy": "hand-over" };
  const engine = new SimulatedEngine();
  engine.images.set("img:1", "sha256:1");
  const release = (commit: string) =>
    desiredOf(wireOf({ commit, services: { web: { labels, environment: { RELEASE: commit } }, db: {} } }));
  await converge(engine, release("one"));
  const statuses = async (commit: string) => {
    const current = await engine.observe();
    return current.containers.map((one) => [one.name, handoverStatus(one, { current, desired: release(commit) })]);
  };
  expect((await statuses("one")).map(([, status]) => status)).toEqual([undefined, undefined]);
  await converge(engine, release("two"), { rounds: 2 });
  expect(Object.fromEntries(await statuses("two"))).toMatchObject({
    web_200_10_one: "Handing over",
    web_200_10_two: "Awaiting handover",
    db_201_10_two: undefined,
  });
});
