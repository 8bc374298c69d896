import type { DeviceActions } from "../api/actions/device-actions.ts";
import { v1AppRoutes } from "../api/actions/v1-apps.ts";
import { v1HostRoutes } from "../api/actions/v1-host.ts";
import { v2AppRoutes } from "../api/actions/v2-apps.ts";
import { lockGroupsOf } from "../locks/lock-group.ts";
import { UpdateLocks } from "../locks/update-locks.ts";
import { ApiClient } from "./api-client.ts";
import { ApplyBench } from "./apply-bench.ts";
import type { TestApp } from "./fixtures.ts";
import { SimulatedEngine } from "./simulated-engine.ts";
import { SimulatedLocks } from "./simulated-locks.ts";

/** The routes that act, on an apply loop over a simulated engine; what goes beyond the loop is noted. */
export class ApiScene {
  readonly bench: ApplyBench;
  readonly files: SimulatedLocks;
  readonly client: ApiClient;
  readonly noted: string[];

  private constructor(bench: ApplyBench, files: SimulatedLocks, client: ApiClient, noted: string[]) {
    this.bench = bench;
    this.files = files;
    this.client = client;
    this.noted = noted;
  }

  /** Runs the app and serves the routes; `own` replaces what is noted otherwise. */
  static async start(app: TestApp, own: Partial<DeviceActions> = {}): Promise<ApiScene> {
    const files = new SimulatedLocks();
    const locks = new UpdateLocks(files);
    const engine = new SimulatedEngine();
    const bench = new ApplyBench(engine, {
      takeLocks: (touched, scene) =>
        locks.take(lockGroupsOf(touched, scene), { holder: "apply", isForced: ({ appId }) => scene.isForced(appId) }),
      releaseLocks: (busy) => locks.release("apply", busy),
    });
    const noted: string[] = [];
    const note = (what: string) => async (options: unknown) => void noted.push(`${what} ${JSON.stringify(options)}`);
    const actions: DeviceActions = {
      status: () => bench.loop.status(),
      carryOut: (intent, options) => bench.loop.carryOut(intent, options),
      reboot: note("reboot"),
      shutdown: note("shutdown"),
      update: (options) => noted.push(`update ${JSON.stringify(options)}`) > 0,
      replaceKey: async (key) => `new ${key}`,
      environmentOf: (id) => engine.environmentOf(id),
      removeVolume: (name) => engine.removeVolume(name),
      ...own,
    };
    const client = await ApiClient.serve([...v1HostRoutes(actions), ...v1AppRoutes(actions), ...v2AppRoutes(actions)]);
    bench.want(app);
    await bench.untilApplied();
    return new ApiScene(bench, files, client, noted);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.bench[Symbol.asyncDispose]();
  }
}
