import type { Troubles } from "./release-faults.ts";

type Known = { readonly engine: number; readonly health: number; readonly changedAt: number };

/**
 * How often containers ended by themselves or were restarted for their health. The counts are the engine's own, so
 * they survive this process; they are asked for only when an event says that a container ended or started.
 */
export class ContainerTroubles {
  readonly #known = new Map<string, Known>();
  readonly #stale = new Set<string>();

  /** An event tells that a container ended or started: its calm begins anew. */
  heard(containerId: string): void {
    this.#stale.add(containerId);
  }

  /** Events may have been missed. */
  missed(): void {
    for (const id of this.#known.keys()) this.#stale.add(id);
  }

  /** Learns of these containers what has changed, and forgets all others. `now` is of a clock that is never set. */
  async look(
    containerIds: readonly string[],
    now: number,
    ask: { readonly restartsOf: (id: string) => Promise<number>; readonly healthRestartsOf: (id: string) => number },
  ): Promise<void> {
    const wanted = new Set(containerIds);
    for (const id of this.#known.keys()) if (!wanted.has(id)) this.#known.delete(id);
    for (const id of wanted) {
      const before = this.#known.get(id);
      const isStale = this.#stale.delete(id) || before === undefined;
      const engine = isStale ? await ask.restartsOf(id) : before.engine;
      const health = ask.healthRestartsOf(id);
      const isSame = !isStale && before?.health === health;
      this.#known.set(id, { engine, health, changedAt: isSame ? before.changedAt : now });
    }
    this.#stale.clear();
  }

  of(containerId: string, now: number): Troubles {
    const known = this.#known.get(containerId);
    if (known === undefined) return { count: 0, calmMs: Number.POSITIVE_INFINITY };
    return { count: known.engine + known.health, calmMs: now - known.changedAt };
  }
}
