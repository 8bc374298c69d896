import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { localTargetState, parseWire, wireApps } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { TargetStore } from "../sources/target-store.ts";
import { wireOf } from "../testing/fixtures.ts";
import { recordingLog, scratchDirectory } from "../testing/scratch.ts";
import { targetFromWire } from "./from-wire.ts";
import { TargetInForce } from "./target-in-force.ts";

const apps = (commit: string, services: object = { web: {} }) =>
  parseWire(wireApps, wireOf({ commit, services: services as Record<string, object> }), "test");
const local = parseWire(localTargetState, { local: { name: "bench", apps: {} } }, "test");

/** Targets as they come into force: commits, or "local". Local mode is a variable of the fleet's configuration. */
async function inForce(dataDir: string) {
  const applied: string[] = [];
  let isLocal = false;
  const target = new TargetInForce({
    store: await TargetStore.open(dataDir, recordingLog()),
    isLocalMode: () => isLocal,
    log: recordingLog(),
    resolve: targetFromWire,
    isHeld: () => false,
    onTarget: async ({ apps }) => void applied.push(apps[0]?.commit ?? "local"),
    onFleetConfig: async (config) => {
      isLocal = config["LOCAL"] === "1";
    },
  });
  return { target, applied };
}

describe("the fleet's target", () => {
  it("comes into force once, stays over a restart, and is not written when it says the same", async () => {
    await using scratch = await scratchDirectory();
    const { target, applied } = await inForce(scratch.path);
    await target.takeFleet({ name: "lamp", config: {}, apps: apps("one") });
    const before = await readFile(join(scratch.path, "target.json"), "utf8");
    await target.takeFleet({ name: "lamp", config: {}, apps: apps("one") });
    expect(applied).toEqual(["one"]);
    expect(await readFile(join(scratch.path, "target.json"), "utf8")).toBe(before);
    const again = await inForce(scratch.path);
    expect(await again.target.resume()).toBe(true);
    expect(again.applied).toEqual(["one"]);
    expect(again.target.fleet()).toMatchObject({ source: "cloud", name: "lamp" });
  });

  it("leaves the former one in force when it cannot be used", async () => {
    await using scratch = await scratchDirectory();
    const { target, applied } = await inForce(scratch.path);
    await target.takeFleet({ config: {}, apps: apps("one") });
    const cycle = { a: { composition: { depends_on: ["b"] } }, b: { composition: { depends_on: ["a"] } } };
    await expect(target.takeFleet({ config: { LOCAL: "1" }, apps: apps("two", cycle) })).rejects.toThrow(/cycle/);
    expect(applied).toEqual(["one"]);
    expect(target.fleet()?.config).toEqual({});
  });

  it("waits while local mode has another one in force, and comes back when that ends", async () => {
    await using scratch = await scratchDirectory();
    const { target, applied } = await inForce(scratch.path);
    await target.takeLocal(local);
    await target.takeFleet({ config: {}, apps: apps("one") });
    await target.takeFleet({ config: { LOCAL: "1" }, apps: apps("two") });
    await target.takeFleet({ config: { LOCAL: "1" }, apps: apps("three") });
    expect(applied).toEqual(["one", "local"]);
    expect(target.stored()?.name).toBe("bench");
    await target.takeFleet({ config: {}, apps: apps("four") });
    expect(applied).toEqual(["one", "local", "four"]);
  });
});
