import type { Current } from "../engine/current.ts";
import type { EngineEvent } from "../engine/engine.ts";
import { hearContainers } from "../engine/hear-containers.ts";
import type { Log } from "../log.ts";
import type { Desired } from "../spec/desired.ts";
import type { Rejection, Target } from "../target/target.ts";
import type { ReleaseKnowledge } from "../target/target-in-effect.ts";
import type { ReleaseRecord } from "./release-record.ts";
import { ReleaseTrials, type TrialOptions, type Verdict } from "./release-trials.ts";

export type ReleaseHealthOptions = Omit<TrialOptions, "goodOf"> & {
  readonly record: ReleaseRecord;
  /** Told of each verdict when it is on the disk. */
  readonly judged?: (verdict: Verdict) => void;
};

/** Which releases are good on this device: watches new ones, keeps the verdicts, and tells them to the target. */
export class ReleaseHealth {
  readonly #record: ReleaseRecord;
  readonly #trials: ReleaseTrials;
  readonly #log: Log;
  readonly #judged: ReleaseHealthOptions["judged"];
  #target: Target | undefined;
  readonly #told = new Map<string, string>();

  constructor(options: ReleaseHealthOptions) {
    this.#record = options.record;
    this.#log = options.log;
    this.#judged = options.judged;
    this.#trials = new ReleaseTrials({ ...options, goodOf: (uuid) => options.record.goodOf(uuid)?.fingerprint });
  }

  /** What decides which of an app's releases is in effect. */
  knowledge(): Omit<ReleaseKnowledge, "provided"> {
    return {
      goodOf: (uuid) => this.#record.goodOf(uuid),
      formerOf: (uuid) => {
        const app = this.#target?.apps.find((one) => one.uuid === uuid && one.commit !== "");
        return app === undefined ? this.#record.formerOf(uuid) : { fingerprint: app.fingerprint, releases: app.wire };
      },
      rejectionOf: (uuid, fingerprint) => this.#record.rejectionOf(uuid, fingerprint),
    };
  }

  /** A target is in effect from now on. A rejection of what no target asks for any more is forgotten, durably. */
  async enter(target: Target): Promise<void> {
    this.#target = target;
    for (const { uuid, name, rejected, isFrozen, fingerprint, wire } of target.apps) {
      this.#tell(uuid, name, rejected);
      const stays = rejected?.code === "supervisor.contract-unmet" && isFrozen !== true;
      if (stays) await this.#record.stay(uuid, { fingerprint, releases: wire });
      if (rejected?.code !== "supervisor.release-unhealthy") await this.#record.forgive(uuid);
    }
  }

  /** Judges by a look at the engine. True when a verdict was recorded: the target is to be entered anew. */
  async look(current: Current, desired: Desired | undefined): Promise<boolean> {
    if (desired === undefined) return false;
    const verdicts = await this.#trials.look(current, desired);
    for (const verdict of verdicts) {
      await this.#keep(verdict);
      this.#judged?.(verdict);
    }
    return verdicts.length > 0;
  }

  nextLookMs(): number {
    return this.#trials.nextLookMs();
  }

  /** Something happened in the engine. */
  heard(event: EngineEvent): void {
    hearContainers(event, this.#trials.troubles);
  }

  async #keep({ app, fault }: Verdict): Promise<void> {
    const { uuid, fingerprint, commit, name } = app;
    if (fault !== undefined) {
      await this.#record.reject(uuid, { fingerprint, commit, reason: fault });
      return;
    }
    const releases = this.#target?.apps.find((one) => one.uuid === uuid && one.fingerprint === fingerprint)?.wire;
    if (releases === undefined) return;
    await this.#record.accept(uuid, { fingerprint, releases });
    this.#log.info(`Release ${commit} of ${name} is good`);
  }

  #tell(uuid: string, name: string, rejected: Rejection | undefined): void {
    const words = rejected === undefined ? "" : `${name}, release ${rejected.commit}: ${rejected.reason}`;
    if (words === (this.#told.get(uuid) ?? "")) return;
    this.#told.set(uuid, words);
    // The words that clients look for (compat 4.6).
    if (words !== "") this.#log.error(`Could not move to new release: ${words}`);
  }
}
