import type { Current, ObservedContainer } from "../engine/current.ts";
import type { ServiceKey } from "./lock-group.ts";

/** For services whose label names no health window of their own. */
const DEFAULT_WINDOW_MS = 5 * 60_000;
/** A container that has run for this part of the window in one go lives, as in the trial of a release. */
const STABLE_PART = 0.2;

type Life = {
  readonly service: ServiceKey;
  readonly windowMs: number;
  /** Since when it runs in one go, as far as we know; undefined while it does not run. */
  readonly since: number | undefined;
  /** When it was last known to be in order. One that was never seen before has all of its window before it. */
  readonly goodAt: number;
};

/**
 * Tells services that live from those that keep ending or do not run. Who is dead holds no lock: a file that a crashed
 * service left must not keep away the very release that repairs it. A service is dead when it has no container, or when
 * none has run for a fifth of its health window in one go, for as long as the window. Nothing of it is kept over a
 * restart of the supervisor: then all begin as living.
 */
export class ServiceLives {
  readonly #monotonic: () => number;
  readonly #lives = new Map<string, Life>();

  /** `monotonic`: milliseconds of a clock that is never set. */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** An event tells that a container ended or started. */
  heard(containerId: string): void {
    const life = this.#lives.get(containerId);
    if (life !== undefined) this.#lives.set(containerId, { ...this.#grown(life), since: undefined });
  }

  /** Events may have been missed: nobody is known to run in one go. */
  missed(): void {
    for (const id of this.#lives.keys()) this.heard(id);
  }

  /** Learns what runs; forgets containers that are gone. */
  look({ containers }: Current): void {
    const present = new Set(containers.map(({ id }) => id));
    for (const id of this.#lives.keys()) if (!present.has(id)) this.#lives.delete(id);
    const now = this.#monotonic();
    for (const container of containers) {
      const { id, appId, service } = container;
      const isRunning = container.state === "running" || container.state === "paused";
      const known = this.#lives.get(id);
      const { goodAt, since } = known === undefined ? { goodAt: now, since: undefined } : this.#grown(known);
      const life = { service: { appId, service }, windowMs: windowOf(container), goodAt };
      this.#lives.set(id, { ...life, since: isRunning ? (since ?? now) : undefined });
    }
  }

  /** Whether a service keeps ending or does not run, and has for long enough that nobody waits for it. */
  isDead({ appId, service }: ServiceKey): boolean {
    const lives = [...this.#lives.values()].filter((one) => isSame(one.service, { appId, service }));
    return lives.every((life) => this.#leftOf(life) <= 0);
  }

  /** Milliseconds until the next service may be found dead; infinite when all live in good order. */
  nextLookMs(): number {
    const left = [...this.#lives.values()].map((life) => this.#leftOf(life));
    return Math.min(Number.POSITIVE_INFINITY, ...left.filter((ms) => ms > 0));
  }

  #leftOf(life: Life): number {
    const now = this.#monotonic();
    return isStable(life, now) ? Number.POSITIVE_INFINITY : life.goodAt + life.windowMs - now;
  }

  #grown(life: Life): Life {
    const now = this.#monotonic();
    return isStable(life, now) ? { ...life, goodAt: now } : life;
  }
}

const isSame = (a: ServiceKey, b: ServiceKey): boolean => a.appId === b.appId && a.service === b.service;

function isStable({ since, windowMs }: Life, now: number): boolean {
  return since !== undefined && now - since >= windowMs * STABLE_PART;
}

function windowOf({ healthWindow }: ObservedContainer): number {
  return typeof healthWindow === "number" ? healthWindow : DEFAULT_WINDOW_MS;
}
