import { describe, expect, it } from "vitest";
import type { Current } from "../engine/current.ts";
import type { PullOptions } from "../engine/engine.ts";
import { ApplyBench } from "../testing/apply-bench.ts";
import { SimulatedEngine } from "../testing/simulated-engine.ts";
import type { RoundEffects } from "./round-effects.ts";

/** Every call takes a while, so that steps overlap with looks at the engine. */
function slowEngine(): SimulatedEngine {
  const engine = new SimulatedEngine();
  engine.delay = async () => {
    const turns = Math.floor(Math.random() * 6);
    for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return engine;
}

/** Downloads of this engine never end by themselves. */
class HangingEngine extends SimulatedEngine {
  pull: AbortSignal | undefined;
  override pullImage(_: string, { signal }: PullOptions = {}): Promise<void> {
    this.pull = signal;
    return new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(new Error("aborted"))));
  }
}

class AwayEngine extends SimulatedEngine {
  isAway = true;
  override observe(): Promise<Current> {
    return this.isAway ? Promise.reject(new Error("no engine")) : super.observe();
  }
}

describe("the apply loop", () => {
  it("leaves everything alone until a target is known", async () => {
    await using bench = new ApplyBench();
    await bench.until(() => bench.loop.status().current !== undefined);
    expect(bench.simulated.calls).toEqual([]);
    expect(bench.loop.status().isApplied).toBe(true);
  });

  it("never does a step twice, though calls take a while and looks come in between", async () => {
    for (let run = 0; run < 20; run += 1) {
      await using bench = new ApplyBench(slowEngine());
      bench.want({ services: { a: {}, b: { image: "img:2" }, c: { composition: { depends_on: ["a", "b"] } } } });
      await bench.untilApplied();
      expect(bench.lines.filter((line) => line.includes("due to"))).toEqual([]);
      expect(new Set(bench.simulated.calls).size).toBe(bench.simulated.calls.length);
    }
  });

  it("brings the other services up while one fails, and tries that one again later and later", async () => {
    await using bench = new ApplyBench();
    bench.want({ services: { bad: { image: "gone:1" }, good: {} } });
    await bench.until(() => bench.lines.filter((line) => line.startsWith("Failed to download")).length >= 4);
    expect(bench.loop.status().current?.containers.find(({ service }) => service === "good")?.state).toBe("running");
    const delays = bench.lines.flatMap((line) => /Failed to download.*again in (\d+) s/.exec(line)?.[1] ?? []);
    expect(delays.slice(0, 4)).toEqual(["1", "2", "4", "8"]);
    expect(bench.loop.failureOf("image gone:1")?.message).toMatch(/unknown/);
    expect(bench.loop.status().isApplied).toBe(false);
  });

  it("tries at once when a new target comes", async () => {
    await using bench = new ApplyBench();
    bench.want({ services: { bad: { image: "gone:1" } } });
    await bench.until(() => bench.lines.filter((line) => line.startsWith("Failed to download")).length >= 3);
    bench.simulated.registry.set("gone:1", "sha256:g");
    bench.want({ services: { bad: { image: "gone:1" } } });
    await bench.untilApplied();
  });

  it("cancels a download that the new target does not want", async () => {
    const engine = new HangingEngine();
    await using bench = new ApplyBench(engine);
    bench.want({ services: { web: { image: "img:2" } } });
    await bench.until(() => engine.pull !== undefined);
    bench.want({ services: { web: { image: "img:1" } } });
    await bench.untilApplied();
    expect(engine.pull?.aborted).toBe(true);
    expect(bench.lines.filter((line) => line.startsWith("Failed"))).toEqual([]);
  });

  it("survives an engine that is away, telling so without flooding", async () => {
    const engine = new AwayEngine();
    await using bench = new ApplyBench(engine);
    bench.want({ services: { web: {} } });
    await bench.until(() => bench.clock.passed() > 60_000);
    expect(bench.lines.length).toBeLessThan(15);
    engine.isAway = false;
    await bench.untilApplied();
  });

  it("waits for update locks and goes on when they are released", async () => {
    let isLocked = true;
    const reason = "Lockfile exists for { appId: 1, service: web }";
    const group = { appId: 1, services: ["web"], scope: "app" } as const;
    const takeLocks = async () => (isLocked ? [{ group, reason }] : []);
    await using bench = new ApplyBench(undefined, { takeLocks });
    bench.want({ services: { web: {} } });
    await bench.untilApplied();
    const before = bench.simulated.calls.length;
    bench.want({ commit: "two", services: { web: { image: "img:2" } } });
    await bench.until(() => bench.lines.includes(`Updates are locked, retrying in 1s... Reason: ${reason}`));
    await bench.until(() => bench.clock.passed() > 20_000);
    expect(bench.simulated.calls.slice(before)).toEqual(["pull img:2"]);
    isLocked = false;
    await bench.untilApplied();
  });

  it("restarts an unhealthy service, after a longer pause each time", async () => {
    await using bench = new ApplyBench();
    bench.simulated.ailing.set("web", 3);
    bench.want({ services: { web: { composition: { healthcheck: { test: "true" } } } } });
    const restarts = () => bench.simulated.calls.filter((call) => call === "restart c1").length;
    await bench.until(() => restarts() === 1);
    await bench.until(() => restarts() === 3);
    expect(bench.clock.passed()).toBeGreaterThan(30_000);
    expect(bench.lines).toContain("Restarting service 'web img:1' due to 'its healthcheck fails'");
    expect(bench.loop.healthRestartsOf("c1")).toBe(3);
  });

  it("downloads nothing of what does not fit, and says so", async () => {
    let freeMib = 10;
    const space: RoundEffects["space"] = async (images) => ({
      freeBytes: freeMib * 1024 * 1024,
      needs: new Map(images.map((image) => [image, { kind: "bytes", bytes: 50 * 1024 * 1024 }])),
    });
    await using bench = new ApplyBench(undefined, { space });
    bench.want({ services: { web: { image: "img:2" } } });
    await bench.until(() => bench.lines.some((line) => line.startsWith("Waiting: web: storage.insufficient-space")));
    expect(bench.simulated.calls.filter((call) => call.startsWith("pull"))).toEqual([]);
    freeMib = 200;
    bench.loop.trigger();
    await bench.untilApplied();
  });

  it("asks for the reboot that services wait for, when all else is done", async () => {
    const asked: string[][] = [];
    await using bench = new ApplyBench(undefined, { rebootNeeded: async (services) => void asked.push([...services]) });
    bench.want({ services: { driver: { labels: { "io.balena.update.requires-reboot": "1" } }, web: {} } });
    await bench.until(() => asked.length > 0);
    expect(asked[0]).toEqual(["driver"]);
    expect([...bench.simulated.containers.values()].map(({ state }) => state).sort()).toEqual(["created", "running"]);
  });

  it("goes on when locks cannot be released", async () => {
    const releaseLocks = () => Promise.reject(new Error("no such directory"));
    await using bench = new ApplyBench(undefined, { releaseLocks });
    bench.want({ services: { web: {} } });
    await bench.untilApplied();
    bench.want({ services: { web: {}, db: {} } });
    await bench.untilApplied();
    expect(bench.stateOf("db")).toBe("running");
  });

  it("starts what it finds exited at the start once, then leaves it to the engine", async () => {
    await using bench = new ApplyBench();
    bench.want({ services: { web: {} } });
    await bench.untilApplied();
    const id = [...bench.simulated.containers.keys()][0] ?? "";
    await bench.simulated.stopContainer(id);
    bench.loop.trigger();
    await bench.untilApplied();
    expect(bench.simulated.containers.get(id)?.state).toBe("exited");
  });
});
