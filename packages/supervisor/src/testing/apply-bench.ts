import { ApplyLoop } from "../apply/apply-loop.ts";
import type { RoundEffects } from "../apply/round-effects.ts";
import { IntentStore } from "../intent/intent-store.ts";
import { Intents } from "../intent/intents.ts";
import { DeviceEvents } from "../telemetry/device-events.ts";
import { desiredOf, noEffects, type TestApp, wireOf } from "./fixtures.ts";
import { recordingLog } from "./scratch.ts";
import { SimulatedEngine } from "./simulated-engine.ts";
import { testClock } from "./test-clock.ts";

const effects: RoundEffects = {
  ...noEffects,
  observed: async () => {},
  settings: () => ({ keepImages: false, keepVolumes: false, ownedImages: [] }),
  takeLocks: async () => [],
  releaseLocks: async () => {},
  settled: async () => {},
  handedOver: async () => new Set(),
  space: async () => ({ freeBytes: 0, needs: new Map() }),
  nextLookMs: () => Number.POSITIVE_INFINITY,
  rebootNeeded: async () => {},
};

/** An apply loop that runs on a simulated engine until the end of the scope: `await using bench = new ApplyBench()`. */
export class ApplyBench {
  readonly simulated: SimulatedEngine;
  readonly clock = testClock();
  readonly lines: string[];
  readonly loop: ApplyLoop;
  /** Milliseconds of the events' own clock: that of the loop runs through its pauses at once. */
  eventsNow = 0;
  /** What the loop does, as clients of the device API are told. */
  readonly events = new DeviceEvents({
    status: () => this.loop.status(),
    monotonic: () => this.eventsNow,
    epoch: "test",
  });
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(
    engine = new SimulatedEngine(),
    own: Partial<RoundEffects> = {},
    store = new IntentStore(undefined, async () => {}),
  ) {
    this.simulated = engine;
    engine.images.set("img:1", "sha256:1");
    engine.registry.set("img:2", "sha256:2");
    const log = recordingLog();
    this.lines = log.lines;
    this.loop = new ApplyLoop({
      engine,
      intents: new Intents(store),
      effects: { ...effects, ...own },
      clock: this.clock,
      log,
      watch: this.events,
      pollIntervalMs: 900_000,
      random: () => 0,
    });
    this.#running = this.loop.run(this.#stop.signal);
  }

  want(app: TestApp): void {
    this.loop.setDesired(desiredOf(wireOf(app)));
  }

  async until(condition: () => boolean): Promise<void> {
    for (let tries = 0; tries < 5000; tries += 1) {
      if (condition()) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error(`in vain; the log:\n${this.lines.join("\n")}`);
  }

  untilApplied(): Promise<void> {
    return this.until(() => this.loop.status().isApplied);
  }

  /** Ids of the containers by service. */
  ids(): Record<string, string> {
    const named = [...this.simulated.containers.values()].map(
      ({ id, body }) => [body.Labels["io.balena.service-name"] ?? "", id] as const,
    );
    return Object.fromEntries(named);
  }

  stateOf(service: string): string | undefined {
    return this.simulated.containers.get(this.ids()[service] ?? "")?.state;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}
