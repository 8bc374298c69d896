import { join } from "node:path";
import { HoldfastError, messageOf } from "@holdfast/contracts";
import {
  choiceFor,
  formatSupervisorWish,
  parseSupervisorRecord,
  parseSupervisorWish,
  SUPERVISOR_RECORD,
  SUPERVISOR_WISH,
} from "@holdfast/contracts/host";
import type { Clock } from "../clock.ts";
import type { Engine } from "../engine/engine.ts";
import { WishFile } from "../host/wish-file.ts";
import type { Log } from "../log.ts";
import type { StoredTarget } from "../sources/target-store.ts";
import type { ImageContent } from "../space/image-content.ts";
import { readIfThere } from "../storage/durable-file.ts";
import { checkSupervisorImage, fetchSupervisor } from "./fetch-supervisor.ts";
import { type SelfStanding, type SelfStatus, selfStanding } from "./self-standing.ts";
import { type WantedSupervisor, wantedSupervisor } from "./wanted-supervisor.ts";

/** The host needs seconds to start another supervisor; a target changes every few minutes at most. */
const LOOK_MS = 10_000;
const FIRST_RETRY_MS = 30_000;
const LAST_RETRY_MS = 3_600_000;

export type SelfUpdateOptions = {
  readonly engine: Pick<Engine, "observe" | "layersOf" | "pullImage">;
  /** Config digests of the image that runs, and of the one that the slot carries. */
  readonly own: { readonly image: string; readonly slotImage: string };
  readonly paths: { readonly dataDir: string; readonly dataMount: string };
  /** What the fleet wants; undefined while that is unknown, or not to be followed. */
  readonly target: () => StoredTarget | undefined;
  readonly contentOf: (image: string) => Promise<ImageContent>;
  readonly freeBytes: () => Promise<number>;
  /** Returns when all layers are on the disk. */
  readonly flush: (signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  /** Tells the fleet's owner. */
  readonly tell: (message: string) => void;
};

/**
 * Follows the release of the supervisor that the fleet wants: fetches its image and hands the wish to the host, which
 * alone decides and starts. No app is touched.
 */
export class SelfUpdate {
  readonly #options: SelfUpdateOptions;
  readonly #wish: WishFile;
  #status: SelfStatus | undefined;
  #failed = { commit: "", count: 0, retryAt: 0 };
  /** Releases whose image can never run here, and the one whose image runs already. */
  #unfit = "";
  #same = "";
  #told = "";

  constructor(options: SelfUpdateOptions) {
    this.#options = options;
    this.#wish = new WishFile(join(options.paths.dataDir, SUPERVISOR_WISH), options.log);
  }

  /** How far the wanted release is; undefined while none is wanted. */
  status(): SelfStatus | undefined {
    return this.#status;
  }

  /** Follows the target until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look(signal);
      await this.#options.clock.sleep(LOOK_MS, signal);
    }
  }

  /** Looks once, and does what is due. Never throws: what failed is tried again later. */
  async look(signal: AbortSignal): Promise<void> {
    const target = this.#options.target();
    if (target === undefined) return;
    const wanted = wantedSupervisor(target.apps);
    try {
      if (wanted === undefined) await this.#wantNothing();
      else await this.#follow(wanted, target.source === "cloud", signal);
    } catch (error) {
      if (signal.aborted || wanted === undefined) return;
      this.#fail(wanted, error);
    }
  }

  async #wantNothing(): Promise<void> {
    if (this.#status !== undefined || (await this.#wish.read()) !== undefined) await this.#wish.put(undefined);
    this.#status = undefined;
  }

  async #follow(wanted: WantedSupervisor, needsServer: boolean, signal: AbortSignal): Promise<void> {
    const { commit } = wanted;
    const standing = await this.#standing(commit);
    if (standing.kind !== "to-fetch") return this.#show(commit, standing);
    if (this.#same === commit) return this.#progress(commit, "running");
    if (this.#unfit === commit) return this.#progress(commit, "refused");
    if (parseSupervisorWish(await this.#wish.read())?.release === commit) return this.#progress(commit, "downloaded");
    if (this.#failed.commit === commit && this.#options.clock.monotonic() < this.#failed.retryAt) return;
    await this.#fetch(wanted, needsServer, signal);
  }

  async #standing(commit: string): Promise<SelfStanding> {
    const { paths, own } = this.#options;
    const record = parseSupervisorRecord(await readIfThere(join(paths.dataMount, SUPERVISOR_RECORD)));
    return selfStanding(commit, choiceFor(record, own.slotImage), own.image);
  }

  #show(commit: string, standing: Exclude<SelfStanding, { kind: "to-fetch" }>): void {
    if (standing.kind === "refused") this.#refused(commit, standing.reason);
    else this.#progress(commit, standing.kind === "running" ? "running" : "starting");
  }

  async #fetch({ commit, image }: WantedSupervisor, needsServer: boolean, signal: AbortSignal): Promise<void> {
    const { own, contentOf, log } = this.#options;
    this.#progress(commit, "downloading");
    const content = await contentOf(image);
    if (content.id === own.image) {
      this.#same = commit;
      return this.#progress(commit, "running");
    }
    checkSupervisorImage(image, content);
    if (content.id !== own.slotImage) {
      const onProgress = (percent: number): void => this.#progress(commit, "downloading", percent);
      await fetchSupervisor(image, { ...this.#options, content, onProgress }, signal);
    }
    log.info(`Supervisor release ${commit} is downloaded: the host starts it on trial`);
    await this.#wish.put(formatSupervisorWish({ release: commit, id: content.id, needsServer }));
    this.#progress(commit, "downloaded");
  }

  #fail({ commit }: WantedSupervisor, error: unknown): void {
    if (error instanceof HoldfastError && error.family === "refusal") {
      this.#unfit = commit;
      this.#refused(commit, messageOf(error));
      return;
    }
    const count = this.#failed.commit === commit ? this.#failed.count + 1 : 1;
    const delay = Math.min(FIRST_RETRY_MS * 2 ** Math.min(count - 1, 10), LAST_RETRY_MS);
    this.#failed = { commit, count, retryAt: this.#options.clock.monotonic() + delay };
    this.#say(`Supervisor release ${commit} cannot be had: ${messageOf(error)}`);
  }

  #refused(commit: string, reason: string): void {
    this.#progress(commit, "refused");
    this.#say(`Supervisor release ${commit} is refused: ${reason}`);
  }

  #progress(commit: string, progress: SelfStatus["progress"], percent = 0): void {
    this.#status = { commit, progress, percent };
  }

  /** Once, however often it is found. */
  #say(message: string): void {
    if (message === this.#told) return;
    this.#told = message;
    this.#options.log.warn(message);
    this.#options.tell(message);
  }
}
