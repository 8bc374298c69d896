import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ContainerSpec } from "../spec/container-spec.ts";
import type { Desired } from "../spec/desired.ts";
import { LABEL_CONFIG_HASH } from "../spec/labels.ts";
import { SUPERVISOR_NETWORK } from "../target/from-wire.ts";
import { converge, freshContext } from "../testing/converge.ts";
import { desiredOf, type TestService, wireOf } from "../testing/fixtures.ts";
import { LABEL_EXITS, SimulatedEngine } from "../testing/simulated-engine.ts";
import { plan } from "./plan.ts";
import type { Step } from "./step.ts";

const IMAGES = ["img:1", "img:2", "img:3"];
const STRATEGIES = ["download-then-kill", "kill-then-download", "delete-then-download", "hand-over"];
const NAMES = ["a", "b", "c", "d"];
const CONDITIONS = ["service_started", "service_healthy"];

type Model = { service: TestService; needs: boolean; condition: string; shares: boolean };

const service: fc.Arbitrary<Model> = fc
  .record({
    image: fc.constantFrom(...IMAGES),
    env: fc.constantFrom("x", "y"),
    strategy: fc.constantFrom(...STRATEGIES),
    networks: fc.constantFrom<string[] | undefined>(undefined, ["net"], ["net", "default"]),
    volume: fc.boolean(),
    restart: fc.constantFrom("always", "no", "on-failure"),
    exits: fc.constantFrom(undefined, undefined, undefined, "0"),
    running: fc.constantFrom(true, true, true, false),
    health: fc.boolean(),
    needs: fc.boolean(),
    condition: fc.constantFrom(...CONDITIONS),
    shares: fc.constantFrom(false, false, true),
  })
  .map(({ image, env, strategy, networks, volume, restart, exits, running, health, needs, condition, shares }) => ({
    needs,
    condition,
    shares,
    service: {
      image,
      environment: { E: env },
      running,
      labels: { "io.balena.update.strategy": strategy, ...(exits === undefined ? {} : { [LABEL_EXITS]: exits }) },
      composition: {
        restart: exits === undefined ? restart : "no",
        ...(networks === undefined ? {} : { networks }),
        ...(volume ? { volumes: ["data:/data"] } : {}),
        ...(health && exits === undefined ? { healthcheck: { test: "true" } } : {}),
      },
    },
  }));

/** Mostly one app goes on; now and then another one takes its place. */
type AppModel = { id: number; commit: string; internal: boolean; services: Model[] };
const appModel: fc.Arbitrary<AppModel> = fc.record({
  id: fc.constantFrom(1, 1, 1, 2),
  commit: fc.constantFrom("one", "two"),
  internal: fc.boolean(),
  services: fc.array(service, { minLength: 0, maxLength: 4 }),
});

/** Each service may depend on, or share the network of, the one before it; so there are no cycles. */
function wireOfModel({ id, commit, internal, services }: AppModel): Record<string, unknown> {
  const entries = services.map((model, at): [string, TestService] => {
    const before = services[at - 1]?.service;
    // A dependency that is not meant to run (again) is never met; that is a wait for ever, not a convergence.
    const runsAgain = before?.composition?.["restart"] !== "no";
    const usable = before?.running === true && before.labels?.[LABEL_EXITS] === undefined && runsAgain;
    const name = NAMES[at - 1] ?? "";
    const { networks: _, ...alone } = model.service.composition ?? {};
    const isSharing = usable && model.shares;
    const composition = isSharing ? { ...alone, network_mode: `service:${name}` } : model.service.composition;
    const needs = usable && model.needs ? { depends_on: { [name]: { condition: model.condition } } } : {};
    return [NAMES[at] ?? "", { ...model.service, composition: { ...composition, ...needs } }];
  });
  const networks = { net: { internal } };
  return wireOf({ id, commit, services: Object.fromEntries(entries), volumes: { data: {} }, networks });
}
const app = appModel.map(wireOfModel);

/** An app and the same with one service, or the release, or the network changed. */
const appAndNext = fc
  .tuple(appModel, appModel, fc.nat({ max: 3 }), fc.boolean(), fc.boolean())
  .filter(([first, second]) => first.services.length > 0 && second.services.length > 0)
  .map(([model, other, at, keepsCommit, keepsNetwork]) => {
    const services = model.services.map((one, index) => (index === at ? (other.services[0] ?? one) : one));
    const commit = keepsCommit ? model.commit : other.commit;
    return [
      model,
      { id: model.id, commit, internal: keepsNetwork ? model.internal : other.internal, services },
    ] as const;
  });

const MEDDLINGS = [
  "stop",
  "remove",
  "rename",
  "twin",
  "dead",
  "pause",
  "network",
  "foreign-network",
  "image",
  "volume",
];

const meddling = fc.record({
  kind: fc.constantFrom(...MEDDLINGS),
  pick: fc.nat({ max: 10 }),
});

const chapter = fc.record({
  /** Mostly what was there before, under another release: only then there are containers to keep and to rename. */
  pick: fc.nat({ max: 5 }),
  commit: fc.constantFrom("one", "two"),
  masks: fc.array(fc.nat({ max: 255 }), { maxLength: 8 }),
  meddlings: fc.array(meddling, { maxLength: 3 }),
});
/** Targets that came one after the other, what was done of each and what happened meanwhile; and the last target. */
const story = fc
  .tuple(appModel, appModel, fc.array(chapter, { minLength: 2, maxLength: 5 }))
  .map(([often, seldom, chapters]) => {
    const told = chapters.map(({ pick, commit, ...rest }) => ({
      wire: wireOfModel({ ...(pick === 0 ? seldom : often), commit }),
      ...rest,
    }));
    return { history: told.slice(0, -1), last: told.at(-1)?.wire ?? {} };
  });

function engineWithRegistry(): SimulatedEngine {
  const engine = new SimulatedEngine();
  for (const image of IMAGES) engine.registry.set(image, `sha256:${image}`);
  return engine;
}

async function meddle(engine: SimulatedEngine, { kind, pick }: { kind: string; pick: number }): Promise<void> {
  const container = [...engine.containers.values()][pick % Math.max(1, engine.containers.size)];
  if (kind === "stop" && container !== undefined) await engine.stopContainer(container.id);
  if (kind === "remove" && container !== undefined) engine.containers.delete(container.id);
  if (kind === "rename" && container !== undefined) container.name = `somebody-s-${container.id}`;
  if (kind === "dead" && container !== undefined && container.state !== "running") container.state = "dead";
  if (kind === "twin" && container !== undefined) {
    // What a supervisor leaves that was killed between the engine's answer and its own next look.
    const twin = `${container.id}-twin`;
    engine.containers.set(twin, { ...container, id: twin, name: twin, networks: new Set(container.networks) });
  }
  if (kind === "image") engine.images.delete([...engine.images.keys()][pick % Math.max(1, engine.images.size)] ?? "");
  const free = [...engine.networks.keys()].filter(
    (name) => ![...engine.containers.values()].some((c) => c.networks.has(name)),
  );
  if (kind === "network") engine.networks.delete(free[pick % Math.max(1, free.length)] ?? "");
  // The device's own network is left as it is found: containers of others may rely on it.
  const taken = free.find((name) => name !== SUPERVISOR_NETWORK);
  if (kind === "foreign-network" && taken !== undefined) {
    const body = engine.networks.get(taken);
    if (body !== undefined) {
      // Made by another supervisor, which knows nothing of our hashes.
      const { [LABEL_CONFIG_HASH]: _, ...Labels } = body.Labels;
      engine.networks.set(taken, { ...body, Labels });
    }
  }
  const unused = [...engine.volumes.keys()].filter(
    (name) => ![...engine.containers.values()].some((c) => c.volumes.includes(name)),
  );
  if (kind === "volume") engine.volumes.delete(unused[pick % Math.max(1, unused.length)] ?? "");
}

async function expectConverged(engine: SimulatedEngine, desired: Desired): Promise<void> {
  const current = await engine.observe();
  const seenRunning = new Set(current.containers.map((container) => container.id));
  expect(plan(current, desired, { ...freshContext(engine), seenRunning })).toEqual({ steps: [], waits: [] });
  const specs = desired.apps.flatMap((one) => one.services);
  expect(current.containers.map((container) => container.name).sort()).toEqual(specs.map((spec) => spec.name).sort());
  for (const spec of specs) {
    const container = current.containers.find(({ name }) => name === spec.name);
    expect(container?.hash).toBe(spec.hash);
    expect(engine.containers.get(container?.id ?? "")?.restart).toBe(spec.restart);
    const exits = spec.body.Labels[LABEL_EXITS] !== undefined || spec.restart === "no";
    if (!spec.running) expect(container?.state).not.toBe("running");
    else if (!exits) expect(container?.state).toBe("running");
  }
  const networks = [...desired.networks, ...desired.apps.flatMap((one) => one.networks)];
  expect([...engine.networks.keys()].sort()).toEqual(networks.map(({ name }) => name).sort());
  for (const network of networks) expect(engine.networks.get(network.name)).toEqual(network.body);
}

/** A plan never kills a service before what replaces it may be had, unless the strategy says so. */
function guardKills(desired: Desired) {
  return (step: Step, engine: SimulatedEngine): void => {
    if (step.do !== "stop-container") return;
    const specs = desired.apps.find(({ id }) => id === step.of.appId)?.services ?? [];
    const spec = specs.find((one) => one.service === step.of.service);
    if (spec?.strategy === "hand-over") guardHandOver(desired, spec, step.id, engine);
    if (spec?.strategy === "kill-then-download" || spec?.strategy === "delete-then-download") return;
    const container = engine.containers.get(step.id);
    if (spec !== undefined && container?.body.Labels["io.holdfast.config-hash"] === spec.hash && !spec.running) return;
    const running = new Set([...engine.containers.values()].map((one) => one.body.Labels["io.holdfast.config-hash"]));
    for (const other of specs) expect(engine.images.has(other.image) || running.has(other.hash)).toBe(true);
  };
}

/** In a hand-over, the old container ends only after the new one started, unless they cannot live side by side. */
function guardHandOver(desired: Desired, spec: ContainerSpec, id: string, engine: SimulatedEngine): void {
  const old = engine.containers.get(id);
  const hashOf = (labels: Readonly<Record<string, string>> = {}) => labels["io.holdfast.config-hash"];
  if (old?.state !== "running" || hashOf(old.body.Labels) === spec.hash || !spec.running) return;
  const olds = [...engine.containers.values()].filter(
    ({ body: { Labels } }) =>
      Labels["io.balena.app-id"] === String(spec.appId) &&
      Labels["io.balena.service-name"] === spec.service &&
      hashOf(Labels) !== spec.hash,
  );
  // Twins of the old one are leftovers: where one of them is in the way, all of them are replaced.
  if (olds.length > 1) return;
  const hashes = new Map(desired.apps.flatMap((one) => one.networks.map(({ name, hash }) => [name, hash])));
  const isNetworkReplaced = [...old.networks].some(
    (name) => hashes.has(name) && hashes.get(name) !== hashOf(engine.networks.get(name)?.Labels),
  );
  const isReplaced = [...engine.containers.values()].some(
    ({ body, state }) =>
      body.Labels["io.balena.service-name"] === spec.service &&
      hashOf(body.Labels) === spec.hash &&
      state !== "created",
  );
  expect(isReplaced || isNetworkReplaced || old.name === spec.name).toBe(true);
}

describe("plan", () => {
  it("converges from any reachable state, whatever part of each round is done, and plans nothing then", async () => {
    await fc.assert(
      fc.asyncProperty(story, async ({ history, last }) => {
        const engine = engineWithRegistry();
        for (const { wire, masks, meddlings } of history) {
          const choose = (steps: readonly Step[], round: number) =>
            steps.filter((_, at) => (((masks[round] ?? 0) >> (at % 8)) & 1) === 1);
          const desired = desiredOf(wire);
          await converge(engine, desired, { choose, rounds: masks.length, onStep: guardKills(desired) });
          for (const one of meddlings) await meddle(engine, one);
        }
        const desired = desiredOf(last);
        await converge(engine, desired, { onStep: guardKills(desired) });
        await expectConverged(engine, desired);
      }),
      { numRuns: 250 },
    );
  });

  it("never touches a healthy container that is as wanted", async () => {
    let keptInAll = 0;
    await fc.assert(
      fc.asyncProperty(appAndNext, async ([first, second]) => {
        const engine = engineWithRegistry();
        await converge(engine, desiredOf(wireOfModel(first)));
        const desired = desiredOf(wireOfModel(second));
        const hashes = new Set(
          desired.apps.flatMap(({ services }) =>
            // One that is to stop is not as wanted while it runs.
            services.filter(({ running }) => running).map((spec) => `${spec.service} ${spec.hash} ${spec.image}`),
          ),
        );
        const networks = new Map(desired.apps.flatMap((one) => one.networks.map(({ name, body }) => [name, body])));
        const kept = [...engine.containers.values()].filter(
          (container) =>
            container.state === "running" &&
            !container.body.HostConfig.NetworkMode.startsWith("container:") &&
            hashes.has(
              `${container.body.Labels["io.balena.service-name"]} ${container.body.Labels["io.holdfast.config-hash"]} ${container.body.Image}`,
            ) &&
            [...container.networks].every(
              (name) => JSON.stringify(networks.get(name)) === JSON.stringify(engine.networks.get(name)),
            ),
        );
        keptInAll += kept.length;
        const before = engine.calls.length;
        await converge(engine, desired);
        const touched = engine.calls.slice(before);
        for (const { id } of kept) {
          expect(touched).not.toContain(`stop ${id}`);
          expect(touched).not.toContain(`remove ${id}`);
          expect(touched).not.toContain(`start ${id}`);
        }
      }),
      { numRuns: 150 },
    );
    // Otherwise the property would hold because there was nothing to hold for.
    expect(keptInAll).toBeGreaterThan(50);
  });

  it("converges after a fault at every step, before or after its effect", async () => {
    await fc.assert(
      fc.asyncProperty(app, app, async (first, second) => {
        const run = async (fault: SimulatedEngine["fault"]): Promise<number> => {
          const engine = engineWithRegistry();
          await converge(engine, desiredOf(first));
          const start = engine.calls.length;
          const desired = desiredOf(second);
          engine.fault = fault === undefined ? undefined : { ...fault, at: start + fault.at };
          await converge(engine, desired).catch(() => {});
          // The crashed process knows nothing of what it saw.
          engine.fault = undefined;
          await converge(engine, desired);
          await expectConverged(engine, desired);
          return engine.calls.length - start;
        };
        const steps = await run(undefined);
        for (let at = 0; at < steps; at += 1) {
          await run({ at, when: "before" });
          await run({ at, when: "after" });
        }
      }),
      { numRuns: 25 },
    );
  });
});
