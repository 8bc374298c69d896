import type { Current } from "../engine/current.ts";

/** Pause after the first restart, doubled with each further one. */
const FIRST_PAUSE_MS = 10_000;
const MAX_PAUSE_MS = 3_600_000;
/** A container that was not unhealthy for so long after its last restart starts over with short pauses. */
const CALM_MS = 600_000;

type Restarts = { readonly count: number; readonly at: number };

/**
 * How often unhealthy containers were restarted, and when each may be again: `min(10 s × 2^n, 1 h)`. In memory only: a
 * supervisor that starts anew restarts an unhealthy container at once. Times are of a clock that is never set.
 */
export class UnhealthyRestarts {
  readonly #restarts = new Map<string, Restarts>();

  restarted(containerId: string, now: number): void {
    this.#restarts.set(containerId, { count: this.countOf(containerId) + 1, at: now });
  }

  countOf(containerId: string): number {
    return this.#restarts.get(containerId)?.count ?? 0;
  }

  /** Containers that have to wait -> for how many milliseconds. Forgets what is gone or calm. */
  pauses(current: Current, now: number): Map<string, number> {
    const health = new Map(current.containers.map((container) => [container.id, container.health]));
    const pauses = new Map<string, number>();
    for (const [id, { count, at }] of this.#restarts) {
      const isCalm = health.get(id) !== "unhealthy" && now - at >= CALM_MS;
      if (!health.has(id) || isCalm) {
        this.#restarts.delete(id);
        continue;
      }
      const left = at + Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(count - 1, 30)) - now;
      if (left > 0) pauses.set(id, left);
    }
    return pauses;
  }
}
