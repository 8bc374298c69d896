import { isDeepStrictEqual } from "node:util";
import { type AppsJson, fromLocalApps, type LocalTargetState, toLocalApps } from "@holdfast/contracts";
import type { Log } from "../log.ts";
import type { StoredTarget, TargetStore } from "../sources/target-store.ts";
import { targetFromWire } from "./from-wire.ts";
import type { Target } from "./target.ts";

/** What happens when another target comes into force; returns when it has been handed to the apply loop. */
export type OnTarget = (target: Target) => Promise<void>;
/** The fleet's target in its own words, without what is only for the wire. */
export type FleetTarget = Pick<StoredTarget, "name" | "config" | "apps">;

/** Which of the known targets holds, and how another one comes into force: checked, stored, then applied. */
export class TargetInForce {
  readonly #store: TargetStore;
  readonly #isLocalMode: () => boolean;
  readonly #log: Log;
  readonly #onTarget: OnTarget;
  readonly #onFleetConfig: (config: StoredTarget["config"]) => Promise<void>;

  constructor(options: {
    store: TargetStore;
    isLocalMode: () => boolean;
    log: Log;
    onTarget: OnTarget;
    /** Called before the target of the fleet, or of the preload, is applied; local mode may begin or end by it. */
    onFleetConfig: (config: StoredTarget["config"]) => Promise<void>;
  }) {
    this.#store = options.store;
    this.#isLocalMode = options.isLocalMode;
    this.#log = options.log;
    this.#onTarget = options.onTarget;
    this.#onFleetConfig = options.onFleetConfig;
  }

  /** The target that holds; in local mode the fleet's until a local one is set. Undefined when none is known. */
  stored(): StoredTarget | undefined {
    return this.#isLocalMode() ? (this.#store.local() ?? this.#store.fleet()) : this.#store.fleet();
  }

  /** What the fleet wants, also while local mode has another target in force. */
  fleet(): StoredTarget | undefined {
    return this.#store.fleet();
  }

  /** Applies the stored target; false when none is known. */
  async resume(): Promise<boolean> {
    await this.#onFleetConfig(this.#store.fleet()?.config ?? {});
    const stored = this.stored();
    if (stored === undefined) return false;
    await this.#apply(targetFromWire(stored.apps));
    return true;
  }

  /** @throws HoldfastError `supervisor.invalid-target`; the former target stays in force then. */
  async takePreload(preload: AppsJson): Promise<void> {
    await this.#take({ source: "preload", config: { ...preload.config }, apps: preload.apps });
  }

  /**
   * Takes the fleet's target; one that is known already is not written again.
   * @throws HoldfastError `supervisor.invalid-target`; the former target stays in force then.
   */
  async takeFleet({ name, config, apps }: FleetTarget): Promise<void> {
    const stored: StoredTarget = { source: "cloud", ...(name === undefined ? {} : { name }), config, apps };
    if (!isDeepStrictEqual(stored, this.#store.fleet())) await this.#take(stored);
  }

  /** @throws HoldfastError `supervisor.invalid-target`; the former target stays in force then. */
  async takeLocal({ local }: LocalTargetState): Promise<void> {
    const named = local.name === undefined ? {} : { name: local.name };
    await this.#take({ source: "local", ...named, config: local.config, apps: fromLocalApps(local.apps) });
  }

  /** The target in force in the form of POST /v2/local/target-state. */
  asLocal(deviceName: string): unknown {
    const stored = this.stored();
    return {
      local: { name: stored?.name ?? deviceName, config: stored?.config ?? {}, apps: toLocalApps(stored?.apps ?? {}) },
    };
  }

  async #take(stored: StoredTarget): Promise<void> {
    const target = targetFromWire(stored.apps);
    const former = this.stored();
    await this.#store.put(stored);
    if (stored.source !== "local") await this.#onFleetConfig(stored.config);
    const holds = this.stored();
    if (holds === undefined || holds === former) return;
    await this.#apply(holds === stored ? target : targetFromWire(holds.apps));
  }

  async #apply(target: Target): Promise<void> {
    for (const warning of target.warnings) this.#log.warn(warning);
    await this.#onTarget(target);
  }
}
