import { localTargetState } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { TargetStore } from "../sources/target-store.ts";
import { recordingLog, scratchDirectory } from "../testing/scratch.ts";
import { targetFromWire } from "./from-wire.ts";
import { holdsUpdates } from "./holds-updates.ts";
import type { Target } from "./target.ts";
import { TargetInForce } from "./target-in-force.ts";

async function bench(dataDir: string, isHolding: () => boolean) {
  const applied: Target[] = [];
  const target = new TargetInForce({
    store: await TargetStore.open(dataDir, recordingLog()),
    isLocalMode: () => true,
    log: recordingLog(),
    onFleetConfig: async () => undefined,
    resolve: targetFromWire,
    isHeld: (config) => isHolding() || holdsUpdates(config),
    onTarget: async (next) => void applied.push(next),
  });
  return {
    target,
    last: () => ({
      commit: applied.at(-1)?.apps[0]?.commit,
      prefetch: applied.at(-1)?.prefetch.map(({ image }) => image),
    }),
  };
}

const release = (commit: string, image: string, config = {}) =>
  localTargetState.parse({
    local: { config, apps: { "1": { name: "a", commit, services: { "1": { serviceName: "web", image } } } } },
  });

describe("a held target", () => {
  it("is downloaded beside the one in force, over restarts, and applied when told", async () => {
    await using scratch = await scratchDirectory();
    let isHolding = false;
    const { target, last } = await bench(scratch.path, () => isHolding);
    await target.takeLocal(release("one", "img:1"));
    isHolding = true;
    await target.takeLocal(release("two", "img:2"));
    expect(last()).toEqual({ commit: "one", prefetch: ["img:2"] });
    const again = await bench(scratch.path, () => isHolding);
    await again.target.resume();
    expect(again.last()).toEqual({ commit: "one", prefetch: ["img:2"] });
    expect(await again.target.release()).toBe(true);
    expect(again.last()).toEqual({ commit: "two", prefetch: [] });
    expect(await again.target.release()).toBe(false);
  });

  it("is replaced by a newer one, and forgotten when the target goes back to what is in force", async () => {
    await using scratch = await scratchDirectory();
    let isHolding = false;
    const { target, last } = await bench(scratch.path, () => isHolding);
    await target.takeLocal(release("one", "img:1"));
    isHolding = true;
    await target.takeLocal(release("two", "img:2"));
    await target.takeLocal(release("three", "img:3"));
    expect(last()).toEqual({ commit: "one", prefetch: ["img:3"] });
    await target.takeLocal(release("one", "img:1"));
    expect(target.waiting()).toBeUndefined();
    expect(last()).toEqual({ commit: "one", prefetch: [] });
  });

  it("may ask for it itself, by its configuration; the first target of all never waits", async () => {
    await using scratch = await scratchDirectory();
    const { target, last } = await bench(scratch.path, () => false);
    const config = { BALENA_SUPERVISOR_HOLD_UPDATES: "1" };
    await target.takeLocal(release("one", "img:1", config));
    await target.takeLocal(release("two", "img:2", config));
    expect(last()).toEqual({ commit: "one", prefetch: ["img:2"] });
    await target.takeLocal(release("three", "img:3"));
    expect(last()).toEqual({ commit: "three", prefetch: [] });
  });

  it("is refused like any other when it is malformed", async () => {
    await using scratch = await scratchDirectory();
    let isHolding = false;
    const { target, last } = await bench(scratch.path, () => isHolding);
    await target.takeLocal(release("one", "img:1"));
    isHolding = true;
    const bad = localTargetState.parse({
      local: { apps: { "1": { name: "a", services: { "1": { serviceName: "web", image: "x", ports: ["x"] } } } } },
    });
    await expect(target.takeLocal(bad)).rejects.toThrow(/ports/);
    expect(target.waiting()).toBeUndefined();
    expect(last().commit).toBe("one");
  });
});
