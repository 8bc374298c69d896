import type { ServerContact } from "@holdfast/contracts/host";
import type { Clock } from "../clock.ts";
import type { SupervisorCore } from "../cloud/cloud-device.ts";
import type { Paths } from "../device/paths.ts";
import type { Engine } from "../engine/engine.ts";
import type { RegistryLogin } from "../engine/registry-login.ts";
import type { Log } from "../log.ts";
import { devicePlatform } from "../space/device-platform.ts";
import { imageContent } from "../space/image-content.ts";
import { freeBytes } from "../storage/free-bytes.ts";
import { flushLayers } from "./flush-layers.ts";
import { SelfSigns } from "./self-signs.ts";
import type { SelfStatus } from "./self-standing.ts";
import { SelfUpdate } from "./self-update.ts";

export type SelfSideOptions = {
  readonly engine: Engine;
  readonly registryLogin: Pick<RegistryLogin, "loginFor">;
  readonly paths: Paths;
  readonly core: Pick<SupervisorCore, "status" | "fleetTarget" | "isLocalMode">;
  readonly server: () => ServerContact;
  readonly clock: Clock;
  readonly log: Log;
  readonly tell: (message: string) => void;
};

/** What the supervisor has to do with itself: its update, and the signs by which the host judges it. */
export class SelfSide {
  readonly #update: SelfUpdate;
  readonly #signs: SelfSigns;

  private constructor(update: SelfUpdate, signs: SelfSigns) {
    this.#update = update;
    this.#signs = signs;
  }

  /** Undefined where no host program started this one: nobody would heed a wish. */
  static of({ engine, registryLogin, paths, core, server, clock, log, tell }: SelfSideOptions): SelfSide | undefined {
    const { ownImage: image, slotImage } = paths;
    if (image === undefined || slotImage === undefined) return undefined;
    const update = new SelfUpdate({
      engine,
      own: { image, slotImage },
      paths,
      // In local mode the fleet's releases wait.
      target: () => (core.isLocalMode() ? undefined : core.fleetTarget()),
      contentOf: (reference) => imageContent(reference, devicePlatform(), registryLogin.loginFor(reference)),
      freeBytes: () => freeBytes(paths.dataDir),
      flush: (signal) => flushLayers(paths.rootMount, signal),
      clock,
      log,
      tell,
    });
    const hasLooked = (): boolean => core.status().lastRoundAt > 0;
    return new SelfSide(update, new SelfSigns({ runtimeDir: paths.runtimeDir, image, hasLooked, server, clock, log }));
  }

  status(): SelfStatus | undefined {
    return this.#update.status();
  }

  /** Runs until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#update.run(signal), this.#signs.run(signal)]);
  }
}
