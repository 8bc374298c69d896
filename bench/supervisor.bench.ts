import { type BenchModule, type BenchReport, machineFacts, openWorkshop } from "@holdfast/cli";
import { seconds } from "@holdfast/contracts";
import { type Driver, fleetDriver, localDriver } from "./supervisor/drivers.ts";
import type { CaseFigures, CrowdFigures, Load, StartFigures } from "./supervisor/figures.ts";
import { FIRST, measureCase } from "./supervisor/measure-case.ts";
import { measureCrowds, measureStart } from "./supervisor/measure-start.ts";
import { ownBytes } from "./supervisor/own-bytes.ts";
import { type Scene, withScene } from "./supervisor/scene.ts";
import { supervisorAims, supervisorRows } from "./supervisor/supervisor-report.ts";

const FULL: Load = {
  targetChanges: 200,
  apiCalls: 500,
  logLines: 100_000,
  restMs: seconds(60),
  pings: 2000,
  starts: 15,
  crowds: [10, 30, 100],
};
/** While one works on it: a tenth of the work, to be compared with nothing but itself. */
const QUICK: Load = {
  targetChanges: 20,
  apiCalls: 100,
  logLines: 10_000,
  restMs: seconds(10),
  pings: 500,
  starts: 5,
  crowds: [5, 20],
};

/**
 * `holdfast bench supervisor`: the memory, the answers and the start of the supervisor on a real engine, within the memory
 * that it has to do with, beside a bare Node HTTP server.
 */
export const bench: BenchModule["bench"] = async ({ progress, signal }): Promise<BenchReport> => {
  const machine = machineFacts();
  const isQuick = process.env["HOLDFAST_BENCH_QUICK"] !== undefined;
  const load = isQuick ? QUICK : FULL;
  const workshop = await openWorkshop({ progress, signal });
  const step = async <T>(title: string, work: () => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    const shown = progress.start(title);
    return await work().finally(() => shown.end());
  };
  const sizes = await step("supervisor's image", () => ownBytes("generic-amd64", workshop));
  const inScene = async <T>(
    driverOf: (scene: Scene) => Promise<Driver> | Driver,
    work: (scene: Scene, driver: Driver) => Promise<T>,
  ) =>
    await withScene({ node: sizes.node, signal }, async (scene) => {
      await using driver = await driverOf(scene);
      return await work(scene, driver);
    });
  type Local = { readonly figures: CaseFigures; readonly start: StartFigures; readonly crowds: CrowdFigures[] };
  const local = await inScene(localDriver, async (scene, driver): Promise<Local> => {
    const figures = await step("driven by the local API", () => measureCase(scene, driver, load));
    const start = await step("from start to /ping", () => measureStart(scene, load));
    return { figures, start, crowds: await step("many services", () => measureCrowds(scene, driver, load)) };
  });
  const polled = await step("driven by a fleet server", () =>
    inScene(
      (scene) => fleetDriver(scene, FIRST),
      (scene, driver) => measureCase(scene, driver, load),
    ),
  );
  const { start, crowds } = local;
  const figures = {
    cases: [local.figures, polled],
    start,
    crowds,
    bundleBytes: sizes.bundle,
    imageBytes: sizes.image,
  };
  const name = isQuick ? "supervisor (quick)" : "supervisor";
  return { name, machine, rows: supervisorRows(figures), aims: supervisorAims(figures), missing: {} };
};
