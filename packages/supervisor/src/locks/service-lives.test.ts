import { describe, expect, it } from "vitest";
import { converge } from "../testing/converge.ts";
import { desiredOf, type TestService, wireOf } from "../testing/fixtures.ts";
import { SimulatedEngine } from "../testing/simulated-engine.ts";
import { testClock } from "../testing/test-clock.ts";
import { ServiceLives } from "./service-lives.ts";

const MINUTE = 60_000;
const web = { appId: 1, service: "web" };

async function bench(service: TestService = {}) {
  const engine = new SimulatedEngine();
  engine.images.set("img:1", "sha256:1");
  await converge(engine, desiredOf(wireOf({ services: { web: service } })));
  const [container] = engine.containers.values();
  if (container === undefined) throw new Error("no container");
  const clock = testClock();
  const lives = new ServiceLives(clock.monotonic);
  const look = async () => lives.look(await engine.observe());
  await look();
  /** Ends and starts again, so often and with so much time in between. */
  const crash = async (times: number, everyMs: number) => {
    for (let count = 0; count < times; count += 1) {
      await clock.sleep(everyMs);
      lives.heard(container.id);
      await look();
    }
  };
  return { engine, container, clock, lives, look, crash };
}

describe("a service", () => {
  it("lives while it runs, however seldom anybody looks", async () => {
    const { clock, lives, look } = await bench();
    expect(lives.nextLookMs()).toBe(5 * MINUTE);
    await clock.sleep(MINUTE);
    expect(lives.nextLookMs()).toBe(Number.POSITIVE_INFINITY);
    await clock.sleep(60 * MINUTE);
    expect(lives.isDead(web)).toBe(false);
    lives.missed();
    await look();
    expect(lives.isDead(web)).toBe(false);
  });

  it("is dead when it has kept ending for five minutes, and lives again after a minute in one go", async () => {
    const { clock, lives, crash } = await bench();
    await crash(9, MINUTE / 2);
    expect(lives.isDead(web)).toBe(false);
    expect(lives.nextLookMs()).toBe(MINUTE / 2);
    await crash(1, MINUTE / 2);
    expect(lives.isDead(web)).toBe(true);
    await clock.sleep(MINUTE);
    expect(lives.isDead(web)).toBe(false);
  });

  it("lives that ends now and then, but runs for minutes in between", async () => {
    const { lives, crash } = await bench();
    await crash(20, 2 * MINUTE);
    expect(lives.isDead(web)).toBe(false);
  });

  it("is dead five minutes after it ended for good, not while it is paused", async () => {
    const { container, clock, lives, look } = await bench();
    container.state = "paused";
    await clock.sleep(20 * MINUTE);
    await look();
    expect(lives.isDead(web)).toBe(false);
    Object.assign(container, { state: "exited" });
    await look();
    await clock.sleep(5 * MINUTE - 1);
    expect(lives.isDead(web)).toBe(false);
    await clock.sleep(1);
    expect(lives.isDead(web)).toBe(true);
  });

  it("has the time that its own health window names", async () => {
    const { lives, crash } = await bench({ labels: { "io.holdfast.health.window": "5s" } });
    await crash(4, 900);
    expect(lives.isDead(web)).toBe(false);
    await crash(2, 900);
    expect(lives.isDead(web)).toBe(true);
  });

  it("is dead without a container: only a file is left of it", async () => {
    const { engine, lives, look } = await bench();
    expect(lives.isDead({ appId: 1, service: "former" })).toBe(true);
    expect(lives.isDead({ appId: 2, service: "web" })).toBe(true);
    engine.containers.clear();
    await look();
    expect(lives.isDead(web)).toBe(true);
  });
});
