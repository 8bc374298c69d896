import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CrashProxy } from "./engine/crash-proxy.ts";
import type { ListedContainer } from "./engine/engine-client.ts";
import type { PrivateEngine } from "./engine/private-engine.ts";
import type { SupervisorProcess } from "./engine/supervisor-process.ts";
import { endScene, prepareStruckScene } from "./engine/supervisor-scene.ts";

const FOREVER = ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done"];
const LIMIT_MS = 300_000;

const scratch = mkdtempSync(join(tmpdir(), "holdfast-steps-"));
let engine: PrivateEngine;
let proxy: CrashProxy;
let supervisor: SupervisorProcess;
let release = 0;

/** Another release of the same app: one service is new, one is as it was. */
function nextTarget(strategy: string): { readonly commit: string; readonly body: object } {
  release += 1;
  const commit = `r${release}`;
  const common = { image: "test/app:1", command: FOREVER };
  const labels = { "io.balena.update.strategy": strategy, "io.balena.update.handover-timeout": "300" };
  const changed = { image: `test/app:${1 + (release % 2)}`, environment: { RELEASE: commit }, labels };
  const services = {
    1: { ...common, serviceName: "still", imageId: 1, serviceId: 1 },
    2: { ...common, ...changed, serviceName: "one", imageId: 2, serviceId: 2, volumes: ["v:/data"] },
  };
  const app = { name: "shop", commit, releaseId: "1", services, volumes: { v: {} }, networks: {} };
  return { commit, body: { local: { name: "bench", config: {}, apps: { 1: app } } } };
}

const post = (body: object) => supervisor.post("/v2/local/target-state", body);
const all = async () =>
  ((await engine.client.call("GET", "/containers/json?all=true")) as ListedContainer[]).map(({ Id, Names, State }) => ({
    id: Id,
    line: `${Names[0]} ${State}`,
  }));
const startOf = async (id: string | undefined) =>
  ((await engine.client.call("GET", `/containers/${id}/json`)) as { State: { StartedAt: string } }).State.StartedAt;
/** The healthy neighbour: which container it is, and since when it runs. */
const neighbour = async () => {
  const id = (await engine.client.containers()).get("still")?.Id;
  return [id, await startOf(id)];
};

/** How many changes of the engine an undisturbed update makes. */
async function stepsOf(strategy: string): Promise<number> {
  const { commit, body } = nextTarget(strategy);
  proxy.strikeAt(-1, () => {});
  await post(body);
  await supervisor.untilApplied(commit);
  return proxy.changes();
}

/** Updates, and strikes once the engine has done the step with this number; returns when the update is applied. */
async function strikeAt(at: number, strategy: string, strike: (body: object) => Promise<void>): Promise<void> {
  const before = await neighbour();
  const { commit, body } = nextTarget(strategy);
  let struck: Promise<void> | undefined;
  proxy.strikeAt(at, () => {
    struck = strike(body);
  });
  await post(body).catch(() => undefined);
  await supervisor.until(async () => struck !== undefined, `struck at step ${at} of ${strategy}`);
  proxy.strikeAt(-1, () => {});
  await struck;
  await supervisor.untilApplied(commit);
  const lines = (await all()).map(({ line }) => line).sort();
  expect([at, ...lines]).toEqual([at, `/one_2_1_${commit} running`, `/still_1_1_${commit} running`]);
  expect(await neighbour()).toEqual(before);
}

beforeAll(async () => {
  ({ engine, proxy, supervisor } = await prepareStruckScene(scratch, ["test/app:1", "test/app:2"]));
  await supervisor.start();
  await stepsOf("download-then-kill");
}, 60_000);

afterAll(() => endScene(scratch, [supervisor, proxy, engine]), 60_000);

describe("an update on a real engine converges, and its healthy neighbour runs on", () => {
  it.each(["download-then-kill", "kill-then-download", "delete-then-download", "hand-over"])(
    "when the supervisor is killed at any step of %s",
    async (strategy) => {
      const steps = await stepsOf(strategy);
      expect(steps).toBeGreaterThanOrEqual(5);
      for (let at = 0; at < steps; at += 1) {
        await strikeAt(at, strategy, async () => {
          await supervisor.stop("SIGKILL");
          await supervisor.start();
        });
      }
    },
    LIMIT_MS,
  );

  it(
    "when the supervisor is killed at any step, loses its store, and is told the target again",
    async () => {
      const steps = await stepsOf("download-then-kill");
      for (let at = 0; at < steps; at += 1) {
        await strikeAt(at, "download-then-kill", async (body) => {
          await supervisor.stop("SIGKILL");
          supervisor.forgetStore();
          await supervisor.start();
          await post(body);
        });
      }
    },
    LIMIT_MS,
  );

  it.each(["download-then-kill", "hand-over"])(
    "when the engine is killed at any step of %s",
    async (strategy) => {
      const steps = await stepsOf(strategy);
      for (let at = 0; at < steps; at += 1) {
        await strikeAt(at, strategy, async () => {
          await engine.kill();
          await engine.start();
        });
      }
    },
    LIMIT_MS,
  );
});
