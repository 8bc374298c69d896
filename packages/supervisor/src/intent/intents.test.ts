import { describe, expect, it } from "vitest";
import type { RoundEffects } from "../apply/round-effects.ts";
import { lockGroupsOf } from "../locks/lock-group.ts";
import { UpdateLocks } from "../locks/update-locks.ts";
import { ApplyBench } from "../testing/apply-bench.ts";
import { SimulatedEngine } from "../testing/simulated-engine.ts";
import { SimulatedLocks } from "../testing/simulated-locks.ts";
import { IntentStore } from "./intent-store.ts";

const calm = { force: false };
const restart = (...services: string[]) => ({ do: "restart", appId: 1, services }) as const;
const stop = (...services: string[]) => ({ do: "stop", appId: 1, services }) as const;
const start = (...services: string[]) => ({ do: "start", appId: 1, services }) as const;
const purge = { do: "purge", appId: 1, appUuid: "uuid1" } as const;
const app = { services: { web: {}, db: { composition: { volumes: ["data:/data"] } } }, volumes: { data: {} } };

/** Effects with the real class of locks over files in memory. */
function withLocks(files: SimulatedLocks): Partial<RoundEffects> {
  const locks = new UpdateLocks(files);
  return {
    takeLocks: (touched, scene) =>
      locks.take(lockGroupsOf(touched, scene), { holder: "apply", isForced: ({ appId }) => scene.isForced(appId) }),
    releaseLocks: (busy) => locks.release("apply", busy),
  };
}

/** A disk that stores of successive processes share. */
function disk(): { readonly open: () => IntentStore } {
  let text: string | undefined;
  const save = async (next: string): Promise<void> => {
    text = next;
  };
  return { open: () => new IntentStore(text, save) };
}

/** Marks the content of the app's volume, to see whether it is still there later. */
function soil(engine: SimulatedEngine): void {
  const body = engine.volumes.get("1_data");
  if (body !== undefined) engine.volumes.set("1_data", { ...body, DriverOpts: { content: "old" } });
}
const isSoiled = (engine: SimulatedEngine) => engine.volumes.get("1_data")?.DriverOpts["content"] === "old";

describe("intents", () => {
  it("restart services by making their containers anew, and no others", async () => {
    await using bench = new ApplyBench();
    bench.want(app);
    await bench.untilApplied();
    const before = bench.ids();
    await bench.loop.carryOut(restart("web"), calm);
    expect(bench.ids()["db"]).toBe(before["db"]);
    expect(bench.ids()["web"]).not.toBe(before["web"]);
    expect(bench.stateOf("web")).toBe("running");
    await bench.untilApplied();
  });

  it("restart what runs as it is while a new release is still downloaded", async () => {
    await using bench = new ApplyBench();
    bench.want(app);
    await bench.untilApplied();
    const before = bench.ids();
    bench.want({ ...app, commit: "two", services: { ...app.services, web: { image: "gone:1" } } });
    await bench.until(() => bench.lines.some((line) => line.startsWith("Failed to download")));
    await bench.loop.carryOut(restart("web"), calm);
    expect(bench.ids()["web"]).toBe(before["web"]);
    expect(bench.simulated.calls.filter((call) => call === `restart ${before["web"]}`)).toHaveLength(1);
  });

  it("stop a service, which stays so over a new supervisor, until it is started", async () => {
    const kept = disk();
    const engine = new SimulatedEngine();
    {
      await using bench = new ApplyBench(engine, {}, kept.open());
      bench.want(app);
      await bench.untilApplied();
      await bench.loop.carryOut(stop("web"), calm);
      expect(bench.stateOf("web")).toBe("exited");
      await bench.untilApplied();
    }
    await using bench = new ApplyBench(engine, {}, kept.open());
    bench.want(app);
    await bench.untilApplied();
    expect(bench.stateOf("web")).toBe("exited");
    await bench.loop.carryOut(start("web"), calm);
    expect(bench.stateOf("web")).toBe("running");
    expect(kept.open().stopped.size).toBe(0);
  });

  it("forget that a service was stopped when the engine or somebody starts its container", async () => {
    const kept = disk();
    const store = kept.open();
    await using bench = new ApplyBench(undefined, {}, store);
    bench.want(app);
    await bench.untilApplied();
    await bench.loop.carryOut(stop("web"), calm);
    await bench.simulated.startContainer(bench.ids()["web"] ?? "");
    bench.loop.trigger();
    await bench.until(() => store.stopped.size === 0);
    expect(bench.stateOf("web")).toBe("running");
  });

  it("end with the engine's reason when a step fails", async () => {
    class StubbornEngine extends SimulatedEngine {
      override stopContainer(id: string): Promise<void> {
        return super.stopContainer(id).then(() => Promise.reject(new Error("it does not die")));
      }
      override removeContainer(): Promise<void> {
        return Promise.reject(new Error("it does not go"));
      }
    }
    await using bench = new ApplyBench(new StubbornEngine());
    bench.want(app);
    await bench.untilApplied();
    await expect(bench.loop.carryOut(restart("web"), calm)).rejects.toMatchObject({
      code: "supervisor.action-failed",
      message: "it does not die",
    });
  });

  it("that contradict each other: the later one holds", async () => {
    const kept = disk();
    await using bench = new ApplyBench(undefined, {}, kept.open());
    bench.want(app);
    await bench.untilApplied();
    const first = expect(bench.loop.carryOut(stop("web"), calm)).rejects.toThrow(/opposite/);
    await bench.loop.carryOut(start("web"), calm);
    await first;
    expect(bench.stateOf("web")).toBe("running");
  });

  it("do not wait for a dependency that never becomes healthy", async () => {
    await using bench = new ApplyBench();
    const needs = { composition: { depends_on: { sick: { condition: "service_healthy" } } } };
    const sick = { composition: { healthcheck: { test: "true" } } };
    bench.simulated.sick.add("sick");
    bench.want({ services: { sick, web: needs } });
    await bench.until(() => bench.stateOf("web") === "created");
    await bench.loop.carryOut(restart("sick", "web"), calm);
    expect(bench.stateOf("sick")).toBe("running");
    expect(bench.stateOf("web")).toBe("created");
  });

  it("are refused while a user holds a lock of the app, and carried out by force", async () => {
    const files = new SimulatedLocks();
    await using bench = new ApplyBench(undefined, withLocks(files));
    bench.want(app);
    await bench.untilApplied();
    files.users.add("1/db");
    const before = bench.ids();
    for (const intent of [restart("web"), stop("web"), purge]) {
      await expect(bench.loop.carryOut(intent, calm)).rejects.toMatchObject({
        code: "supervisor.updates-locked",
        message: "Lockfile exists for { appId: 1, service: db }",
      });
    }
    await bench.untilApplied();
    expect(bench.ids()).toEqual(before);
    await bench.loop.carryOut(start("web"), calm);
    await bench.loop.carryOut(restart("web"), { force: true });
    expect(bench.ids()["web"]).not.toBe(before["web"]);
    await bench.untilApplied();
    expect([files.own.size, files.users.size]).toEqual([0, 0]);
  });

  it("of a service with a lock of its own do not ask the others", async () => {
    const files = new SimulatedLocks();
    await using bench = new ApplyBench(undefined, withLocks(files));
    const labels = { "io.holdfast.update.lock-scope": "service" };
    bench.want({ services: { web: { labels }, db: {} } });
    await bench.untilApplied();
    files.users.add("1/db");
    await bench.loop.carryOut(restart("web"), calm);
    await expect(bench.loop.carryOut(restart("db"), calm)).rejects.toThrow("service: db");
    files.users.clear();
    files.users.add("1/web");
    await bench.loop.carryOut(restart("db"), calm);
    await expect(bench.loop.carryOut(restart("web"), calm)).rejects.toThrow("service: web");
  });
});

describe("a purge", () => {
  it("removes the app's volumes, also those of former releases, and makes everything anew", async () => {
    const kept = disk();
    const store = kept.open();
    await using bench = new ApplyBench(undefined, {}, store);
    bench.want(app);
    await bench.untilApplied();
    const body = bench.simulated.volumes.get("1_data");
    if (body !== undefined) bench.simulated.volumes.set("1_former", { ...body, Name: "1_former" });
    soil(bench.simulated);
    const before = bench.ids();
    await bench.loop.carryOut(purge, calm);
    expect(isSoiled(bench.simulated)).toBe(false);
    expect([...bench.simulated.volumes.keys()]).toEqual(["1_data"]);
    expect(Object.values(bench.ids()).some((id) => Object.values(before).includes(id))).toBe(false);
    expect([bench.stateOf("web"), bench.stateOf("db")]).toEqual(["running", "running"]);
    expect(store.purges.size).toBe(0);
  });

  it("renews the device's volume for firmware, if the app has it and no other app mounts it", async () => {
    const kept = disk();
    await using bench = new ApplyBench(undefined, {}, kept.open());
    const firmware = { labels: { "io.balena.features.extra-firmware": "1" } };
    bench.want({ services: { web: firmware } });
    await bench.untilApplied();
    await bench.loop.carryOut(purge, calm);
    expect(bench.simulated.calls).toContain("remove volume extra-firmware");
    expect(bench.stateOf("web")).toBe("running");
  });

  it("is brought to its end after a fault at every step, and never leaves an app half purged", async () => {
    const run = async (at: number, when: "before" | "after"): Promise<number> => {
      const kept = disk();
      const engine = new SimulatedEngine();
      let steps = 0;
      {
        await using bench = new ApplyBench(engine, {}, kept.open());
        bench.want(app);
        await bench.untilApplied();
        soil(engine);
        const from = engine.calls.length;
        engine.halt = { at: from + at, when };
        let isDone = false;
        bench.loop.carryOut(purge, calm).then(
          () => (isDone = true),
          () => (isDone = true),
        );
        await bench.until(() => engine.isHalted || isDone);
        if (!engine.isHalted) steps = engine.calls.length - from;
      }
      engine.revive();
      await using bench = new ApplyBench(engine, {}, kept.open());
      bench.want(app);
      await bench.untilApplied();
      expect(isSoiled(engine)).toBe(false);
      expect([bench.stateOf("web"), bench.stateOf("db")]).toEqual(["running", "running"]);
      expect(kept.open().purges.size).toBe(0);
      return steps;
    };
    const steps = await run(1000, "before");
    expect(steps).toBeGreaterThan(6);
    for (let at = 0; at < steps; at += 1) {
      await run(at, "before");
      await run(at, "after");
    }
  });
});
