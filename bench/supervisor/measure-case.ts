import { setTimeout as sleep } from "node:timers/promises";
import type { Driver } from "./drivers.ts";
import type { CaseFigures, Load } from "./figures.ts";
import { pingTimes, quantile } from "./ping.ts";
import { cpuSecondsOf, memoryOf, peakAnonDuring } from "./process-memory.ts";
import type { Scene } from "./scene.ts";
import { IMAGES, type Wanted } from "./targets.ts";

const SERVICES = 3;
/** What a device is told to run at first. */
export const FIRST: Wanted = { services: SERVICES, turn: 0, release: 0 };
/** Looks of a user at the device, of every kind. */
const PATHS = [
  "/v2/state/status",
  "/v2/applications/state",
  "/v1/device",
  "/v2/version",
  "/v2/containerId",
  "/v2/local/target-state",
  "/v2/local/device-info",
  "/v3/updates",
  "/v3/metrics",
  "/v1/healthy",
];
const LINES_AT_ONCE = 500;
const LINES_PAUSE_MS = 100;
const LINES_PATIENCE_MS = 120_000;
const CHANGE_PATIENCE_MS = 120_000;
const LAST_LINE = "this is the last line";

/** Puts one supervisor under the load, lets it rest, and measures it then and during an update. */
export async function measureCase(scene: Scene, driver: Driver, load: Load): Promise<CaseFigures> {
  const { signal } = scene;
  const { supervisor, bare } = scene;
  const pid = supervisor.launch() ?? 0;
  await supervisor.until(async () => (await supervisor.get("/ping")).ok, "/ping answers");
  await driver.join();
  await change(scene, driver, FIRST);
  for (let turn = 1; turn <= load.targetChanges; turn += 1)
    await change(scene, driver, { services: SERVICES, changed: turn % SERVICES, turn, release: turn });
  await call(scene, driver, load.apiCalls);
  await printLines(scene, driver, load.logLines);
  const barePid = bare.launch() ?? 0;
  const cpuBefore = cpuSecondsOf(pid);
  await sleep(load.restMs, undefined, { signal });
  const idleCpu = (100 * (cpuSecondsOf(pid) - cpuBefore)) / (load.restMs / 1000);
  const [idle, bareMemory] = [memoryOf(pid), memoryOf(barePid)];
  const pings = await comparePings(scene, load.pings);
  const last = { services: SERVICES, turn: load.targetChanges + 1, release: load.targetChanges + 1 };
  const updateAnon = await peakAnonDuring(pid, () => change(scene, driver, { ...last, image: IMAGES[1] ?? "" }));
  await bare.stop();
  return {
    name: driver.name,
    idle,
    idleCpu,
    updateAnon,
    pingP99: pings.ours,
    bare: { memory: bareMemory, pingP99: pings.bare },
    groupPeak: supervisor.peakBytes(),
  };
}

/** Wants something else, and returns when every service runs and those that changed have containers of their own. */
export async function change({ engine, supervisor, signal }: Scene, driver: Driver, wanted: Wanted): Promise<void> {
  signal.throwIfAborted();
  const before = await engine.client.containers();
  await driver.want(wanted);
  await supervisor.until(
    async () => {
      const now = [...(await engine.client.containers())];
      const isNew = ([name, { Id }]: (typeof now)[number]): boolean =>
        wanted.changed === undefined || name === `service${wanted.changed}` ? before.get(name)?.Id !== Id : true;
      return now.length === wanted.services && now.every((each) => each[1].State === "running" && isNew(each));
    },
    `turn ${wanted.turn} runs`,
    CHANGE_PATIENCE_MS,
  );
}

async function call({ supervisor }: Scene, driver: Driver, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    const path = PATHS[at % PATHS.length] ?? "/ping";
    const answer = await supervisor.get(`${path}?apikey=${driver.key()}`);
    await answer.arrayBuffer();
    if (answer.status >= 500 || answer.status === 401) throw new Error(`${path} answered ${answer.status}`);
  }
}

/** Services print; returns when whoever follows them has the last line. What cannot be kept up with is dropped, as designed. */
async function printLines({ engine, supervisor, signal }: Scene, driver: Driver, count: number): Promise<void> {
  const ids = [...(await engine.client.containers()).values()].map(({ Id }) => Id);
  for (let at = 0; at < count; at += 1) {
    supervisor.journal(ids[at % ids.length] ?? "", `line ${at} of a service that says what it does, at some length`);
    if (at % LINES_AT_ONCE === LINES_AT_ONCE - 1) await sleep(LINES_PAUSE_MS, undefined, { signal });
  }
  const isHeard = async (): Promise<boolean> => {
    supervisor.journal(ids[0] ?? "", LAST_LINE);
    await sleep(500);
    return driver.heard(LAST_LINE);
  };
  await supervisor.until(isHeard, "the last line is heard", LINES_PATIENCE_MS);
}

/** Milliseconds within which 99 of 100 answers came, of the two servers in turns, so that other load meets both. */
async function comparePings({ supervisor, bare }: Scene, count: number): Promise<{ ours: number; bare: number }> {
  const [ours, bares]: [number[], number[]] = [[], []];
  const ROUNDS = 10;
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(...(await pingTimes(supervisor.port, count / ROUNDS)));
    bares.push(...(await pingTimes(bare.port, count / ROUNDS)));
  }
  return { ours: quantile(ours, 0.99), bare: quantile(bares, 0.99) };
}
