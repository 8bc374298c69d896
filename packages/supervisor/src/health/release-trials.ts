import type { Current } from "../engine/current.ts";
import type { Log } from "../log.ts";
import { ImageIndex } from "../plan/image-index.ts";
import { type MatchedApp, type MatchedService, matchApp } from "../plan/match.ts";
import type { Desired, DesiredApp } from "../spec/desired.ts";
import { ContainerTroubles } from "./container-troubles.ts";
import { type Findings, releaseFaults } from "./release-faults.ts";

/** How long a release is watched once it has healthchecks, or ended or restarted containers. */
const DEFAULT_WINDOW_MS = 5 * 60_000;
/** Nothing to judge by but that all of it runs. */
const QUIET_WINDOW_MS = 60_000;
/** A container is stable after this part of the window. */
const STABLE_PART = 0.2;
/** What is undecided at the end of the window is looked at again so often, if no event comes. */
const UNDECIDED_LOOK_MS = 10_000;

export type Verdict = { readonly app: DesiredApp; readonly fault?: string };

export type TrialOptions = {
  readonly log: Log;
  /** Milliseconds of a clock that is never set. */
  readonly monotonic: () => number;
  /** Local mode: only releases with a label of their own are watched. */
  readonly isDefaultOff: () => boolean;
  /** Fingerprint of the release that an app can go back to, if there is one. */
  readonly goodOf: (uuid: string) => string | undefined;
  /** Containers of the app are still being started, without a failure so far. */
  readonly isStarting: (appId: number) => boolean;
  readonly restartsOf: (containerId: string) => Promise<number>;
  readonly healthRestartsOf: (containerId: string) => number;
};

type Trial = { readonly fingerprint: string; readonly since: number; isHelpless: boolean };

/**
 * Watches releases that are new on this device. A trial begins when all of a release's containers are in place (its
 * images are there, nothing of the former one is left, starts were tried) and ends with its window: good, when everything runs, is
 * healthy and stable; bad otherwise, or earlier when a service is unhealthy again after two restarts. Nothing of it is
 * kept: a supervisor that starts anew begins the trial anew.
 */
export class ReleaseTrials {
  readonly #options: TrialOptions;
  readonly #trials = new Map<string, Trial>();
  readonly troubles = new ContainerTroubles();
  #nextLookMs = Number.POSITIVE_INFINITY;

  constructor(options: TrialOptions) {
    this.#options = options;
  }

  /** Milliseconds until a trial wants another look; infinite when none does. */
  nextLookMs(): number {
    return this.#nextLookMs;
  }

  /** The verdicts that this look allows. The caller records them; until then each further look gives them again. */
  async look(current: Current, desired: Desired): Promise<Verdict[]> {
    this.#nextLookMs = Number.POSITIVE_INFINITY;
    const images = new ImageIndex(current.images);
    const matches = new Map<DesiredApp, MatchedApp>();
    for (const app of desired.apps) {
      const matched = this.#isOnTrial(app) ? matchApp(app, { current, images, replaced: new Set() }) : undefined;
      if (matched !== undefined && isInPlace(matched, images) && !this.#options.isStarting(app.id))
        matches.set(app, matched);
      else this.#trials.delete(app.uuid);
    }
    const watched = [...matches.values()].flatMap(({ services }) => services.flatMap(({ keep }) => keep?.id ?? []));
    await this.troubles.look(watched, this.#options.monotonic(), this.#options);
    return [...matches].flatMap(([app, matched]) => this.#judge(app, matched) ?? []);
  }

  #isOnTrial(app: DesiredApp): boolean {
    return app.isFrozen !== true && app.commit !== "" && this.#options.goodOf(app.uuid) !== app.fingerprint;
  }

  #judge(app: DesiredApp, matched: MatchedApp): Verdict | undefined {
    const now = this.#options.monotonic();
    if (app.window === "off" || (app.window === "default" && this.#options.isDefaultOff())) {
      return matched.services.every(isStarted) ? { app } : undefined;
    }
    const trial = this.#trialOf(app, now);
    const windowMs = this.#windowOf(app, matched, now);
    const findings = releaseFaults({
      matched,
      troublesOf: (id) => this.troubles.of(id, now),
      healthRestartsOf: this.#options.healthRestartsOf,
      stableMs: windowMs * STABLE_PART,
    });
    const left = trial.since + windowMs - now;
    if (findings.faults.length > 0 && (left <= 0 || findings.isHopeless)) return this.#bad(app, trial, findings);
    if (left <= 0 && !findings.isUndecided) return { app };
    this.#nextLookMs = Math.min(this.#nextLookMs, Math.max(left, left <= 0 ? UNDECIDED_LOOK_MS : 0));
    return undefined;
  }

  #bad(app: DesiredApp, trial: Trial, { faults }: Findings): Verdict | undefined {
    const fault = faults.join("; ");
    if (this.#options.goodOf(app.uuid) !== undefined) return { app, fault };
    if (!trial.isHelpless) {
      this.#options.log.warn(`Release ${app.commit} of ${app.name} is bad, and there is none to go back to: ${fault}`);
    }
    trial.isHelpless = true;
    this.#nextLookMs = Math.min(this.#nextLookMs, UNDECIDED_LOOK_MS);
    return undefined;
  }

  #trialOf(app: DesiredApp, now: number): Trial {
    const known = this.#trials.get(app.uuid);
    if (known?.fingerprint === app.fingerprint) return known;
    const trial = { fingerprint: app.fingerprint, since: now, isHelpless: false };
    this.#trials.set(app.uuid, trial);
    return trial;
  }

  #windowOf(app: DesiredApp, { services }: MatchedApp, now: number): number {
    if (typeof app.window === "number") return app.window;
    const isJudged = services.some(({ keep }) => {
      return keep !== undefined && (keep.health !== "none" || this.troubles.of(keep.id, now).count > 0);
    });
    return isJudged || services.some(({ spec, keep }) => spec.running && keep?.state !== "running")
      ? DEFAULT_WINDOW_MS
      : QUIET_WINDOW_MS;
  }
}

function isStarted({ spec, keep }: MatchedService): boolean {
  return keep !== undefined && (!spec.running || keep.state !== "created");
}

/** The device did what it could for the release; what is still wrong is the release's own fault. */
function isInPlace({ services, orphans }: MatchedApp, images: ImageIndex): boolean {
  return (
    orphans.length === 0 &&
    services.every(({ spec, keep, stale }) => stale.length === 0 && (keep !== undefined || images.has(spec.image)))
  );
}
