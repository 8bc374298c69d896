import type { Clock } from "../clock.ts";
import type { Current } from "../engine/current.ts";
import type { Engine } from "../engine/engine.ts";
import type { RegistryLogin } from "../engine/registry-login.ts";
import type { Log } from "../log.ts";
import type { Space } from "../plan/space.ts";
import { bytesForUs, freeBytes } from "../storage/free-bytes.ts";
import { SpaceReserve } from "../storage/space-reserve.ts";
import { devicePlatform } from "./device-platform.ts";
import { imageContent } from "./image-content.ts";
import { ImageNeeds } from "./image-needs.ts";

export type DiskSpaceOptions = {
  readonly engine: Engine;
  readonly login: Pick<RegistryLogin, "loginFor">;
  /** A directory on the partition where the engine stores images. */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Something became known that a plan may wait for. */
  readonly changed: () => void;
};

/** Little enough to be noticed soon, enough not to be the breathing of the disk. */
const NOTABLE_BYTES = 8 * 1024 * 1024;

/** The room on the data partition: what is free, what downloads need, and the reserve. */
export class DiskSpace {
  readonly #options: DiskSpaceOptions;
  readonly #needs: ImageNeeds;
  /** What was free when downloads were judged by it last; infinite when nobody waits to hear of more. */
  #judgedBy = Number.POSITIVE_INFINITY;

  constructor(options: DiskSpaceOptions) {
    this.#options = options;
    this.#needs = new ImageNeeds({
      contentOf: (reference) => imageContent(reference, devicePlatform(), options.login.loginFor(reference)),
      layersOf: (id) => options.engine.layersOf(id),
      architecture: devicePlatform().architecture,
      monotonic: options.clock.monotonic,
      changed: options.changed,
    });
  }

  async spaceFor(images: readonly string[], current: Current): Promise<Space> {
    this.#judgedBy = await freeBytes(this.#options.dataDir);
    return { freeBytes: this.#judgedBy, needs: await this.#needs.needs(images, current) };
  }

  /** Keeps the reserve until the signal fires; tells when room was made that a download may have waited for. */
  keepReserve(signal: AbortSignal): Promise<void> {
    const { dataDir, log, clock } = this.#options;
    const look = async (): Promise<number> => {
      await this.#hearOfRoom();
      return await bytesForUs(dataDir);
    };
    return new SpaceReserve({ dataDir, freeBytes: look, log }).keep(clock, signal);
  }

  async #hearOfRoom(): Promise<void> {
    const free = await freeBytes(this.#options.dataDir);
    if (free > this.#judgedBy + NOTABLE_BYTES) {
      this.#judgedBy = Number.POSITIVE_INFINITY;
      this.#options.changed();
    }
  }
}
