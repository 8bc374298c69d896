import { messageOf, type WireApps } from "@holdfast/contracts";
import type { Current } from "../engine/current.ts";
import type { Log } from "../log.ts";
import type { TargetInForce } from "../target/target-in-force.ts";
import { consumePreload, readPreload, recallPreload } from "./preload.ts";

export type PreloadedTargetOptions = {
  readonly appsJson: string;
  readonly target: Pick<TargetInForce, "takePreload">;
  /** Keeps the device at a release of its fleet; nothing on a device that no server knows. */
  readonly pinTo: (release: { readonly appId: number; readonly commit: string }) => Promise<void>;
  readonly log: Log;
};

/** What was preloaded into the image, as the target of a device that has no other. */
export class PreloadedTarget {
  readonly #options: PreloadedTargetOptions;
  #mayRecall = false;

  constructor(options: PreloadedTargetOptions) {
    this.#options = options;
  }

  /** Brings the preload into force, if there is one that can be used. Never throws. */
  async takeOver(): Promise<void> {
    const { appsJson, target, log } = this.#options;
    const preload = await readPreload(appsJson, log);
    if (preload === undefined) {
      this.#mayRecall = true;
      return;
    }
    try {
      if (preload.pinDevice) await this.#pin(preload.apps);
      await target.takePreload(preload);
      await consumePreload(appsJson);
      log.info(`Took over the preload: ${Object.keys(preload.apps).length} app(s)`);
    } catch (error) {
      log.error(`The preload is not usable: ${messageOf(error)}`);
    }
  }

  /** At the first look at the engine: what was preloaded once, if there was nothing to take over and nothing contradicts. */
  async recall(current: Current): Promise<void> {
    if (!this.#mayRecall) return;
    this.#mayRecall = false;
    const { appsJson, target, log } = this.#options;
    const preload = await recallPreload(appsJson, current, log);
    if (preload !== undefined) await target.takePreload(preload);
  }

  /** The first app of class fleet stays at its release. */
  async #pin(apps: WireApps): Promise<void> {
    const fleet = Object.values(apps).find((app) => app.class === "fleet" && !app.is_host);
    const [commit] = Object.keys(fleet?.releases ?? {});
    if (fleet !== undefined && commit !== undefined) await this.#options.pinTo({ appId: fleet.id, commit });
  }
}
