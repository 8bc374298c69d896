import { HoldfastError, messageOf } from "@holdfast/contracts";
import { Wake } from "../../apply/wake.ts";
import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import { Attempts } from "../attempts.ts";
import type { CloudHttp } from "../http/cloud-http.ts";
import type { Registered } from "../registration/registration.ts";
import { pollPause, retryPause } from "./poll-pause.ts";
import { type FleetTarget, type RefusedRelease, readTargetAnswer } from "./read-target-answer.ts";

/** A nudge: look for a new target now. `force` breaks update locks, `cancel` stops what is being applied. */
export type Poke = { readonly force: boolean; readonly cancel: boolean };

/** Why the server's newest target is not in force. */
export type TargetProblem = { readonly reason: string; readonly releases: readonly RefusedRelease[] };

export type CloudTargetOptions = {
  readonly http: CloudHttp;
  readonly clock: Clock;
  readonly log: Log;
  /** Tells the fleet's owner. */
  readonly tell: (message: string) => void;
  readonly policy: () => { readonly pollIntervalMs: number; readonly instantUpdates: boolean };
  /** Brings a target into force. @throws HoldfastError `supervisor.invalid-target`: the former one stays. */
  readonly onTarget: (target: FleetTarget) => Promise<void>;
  /** A nudge came; the target of the server is in force by now, if it could be had. */
  readonly onPoke: (poke: Poke) => Promise<void>;
  readonly random?: () => number;
};

/**
 * Asks the server for the device's target, again and again (compat 5.2). Whatever the server answers, and however long it
 * is away, the target in force stays until there is a better one.
 */
export class CloudTarget {
  readonly #options: CloudTargetOptions;
  readonly #random: () => number;
  readonly attempts = new Attempts();
  readonly #wake = new Wake();
  #poke: Poke | undefined;
  #etag: string | undefined;
  #problem: TargetProblem | undefined;
  #failures = 0;
  #lastReason = "";
  #dueAt = Number.POSITIVE_INFINITY;

  constructor(options: CloudTargetOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
  }

  /** Fetches and applies soon; several nudges count as one, with the strongest of their wishes. */
  poke({ force, cancel }: Poke): void {
    this.#poke = { force: force || this.#poke?.force === true, cancel: cancel || this.#poke?.cancel === true };
    this.#wake.ring();
  }

  problem(): TargetProblem | undefined {
    return this.#problem;
  }

  /** Whether it asks when it should, whatever the server answers: a server that is away is no fault of the device. */
  isAlive(): boolean {
    const { clock, policy } = this.#options;
    return clock.now() < this.#dueAt + 2 * policy().pollIntervalMs;
  }

  /** Polls until the signal fires. */
  async run(device: Registered, signal: AbortSignal): Promise<void> {
    const { clock, policy } = this.#options;
    let pause = policy().instantUpdates ? 0 : this.#pause();
    while (!signal.aborted) {
      this.#dueAt = clock.now() + pause;
      await this.#wake.wait(pause, clock, signal);
      if (signal.aborted) return;
      const poke = this.#poke;
      this.#poke = undefined;
      pause = await this.#poll(device, signal);
      if (poke !== undefined) await this.#obey(poke);
    }
  }

  #pause(): number {
    return pollPause(this.#options.policy().pollIntervalMs, this.#random());
  }

  /** Asks once; returns the pause until the next time. */
  async #poll(device: Registered, signal: AbortSignal): Promise<number> {
    const { http, policy } = this.#options;
    const headers = this.#etag === undefined ? {} : { "if-none-match": this.#etag };
    let retryAfterMs: number | undefined;
    try {
      const path = `/device/v3/${device.uuid}/state`;
      const answer = await http.ask({ method: "GET", path, key: device.deviceKey, headers, signal });
      retryAfterMs = answer.retryAfterMs;
      const read = readTargetAnswer(answer, device.uuid, this.#etag !== undefined);
      if (read.kind === "target") await this.#take(read.target);
      if (read.kind === "refused") this.#refuse(read);
      // Of a refused target, too: to fetch it again would not make it better.
      if (read.kind !== "unchanged") this.#etag = answer.etag;
      this.#failures = 0;
      this.#lastReason = "";
      this.attempts.succeeded(this.#options.clock.monotonic());
      return this.#pause();
    } catch (error) {
      if (signal.aborted) return 0;
      this.#failures += 1;
      this.attempts.fail();
      this.#complain(error);
      return retryPause(this.#failures, policy().pollIntervalMs, retryAfterMs);
    }
  }

  async #take(target: FleetTarget): Promise<void> {
    try {
      await this.#options.onTarget(target);
      this.#problem = undefined;
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.family !== "refusal") throw error;
      const apps = Object.entries(target.apps);
      const releases = apps.flatMap(([app, { releases }]) => Object.keys(releases).map((commit) => ({ app, commit })));
      this.#refuse({ reason: error.message, releases });
    }
  }

  #refuse({ reason, releases }: TargetProblem): void {
    const isNew = reason !== this.#problem?.reason;
    this.#problem = { reason, releases };
    if (!isNew) return;
    this.#options.log.error(`Could not store target state: ${reason}`);
    this.#options.tell(`Could not store target state: ${reason}`);
  }

  async #obey(poke: Poke): Promise<void> {
    try {
      await this.#options.onPoke(poke);
    } catch (error) {
      this.#options.log.error(`The update that was asked for cannot be applied: ${messageOf(error)}`);
    }
  }

  /** A server that is away for weeks is told of once. */
  #complain(error: unknown): void {
    const reason = messageOf(error);
    if (reason !== this.#lastReason) this.#options.log.warn(`${reason}; the former target stays in force`);
    this.#lastReason = reason;
  }
}
