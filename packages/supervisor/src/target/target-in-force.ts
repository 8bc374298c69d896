import { isDeepStrictEqual } from "node:util";
import { type AppsJson, fromLocalApps, type LocalTargetState, toLocalApps, type WireApps } from "@holdfast/contracts";
import type { Log } from "../log.ts";
import type { StoredTarget, TargetStore } from "../sources/target-store.ts";
import { configHash } from "../spec/config-hash.ts";
import type { Prefetch, Target } from "./target.ts";

/** What happens when another target comes into force; returns when it has been handed to the apply loop. */
export type OnTarget = (target: Target) => Promise<void>;
/** The fleet's target in its own words, without what is only for the wire. */
export type FleetTarget = Pick<StoredTarget, "name" | "config" | "apps">;

export type TargetInForceOptions = {
  readonly store: TargetStore;
  readonly isLocalMode: () => boolean;
  readonly log: Log;
  readonly onTarget: OnTarget;
  /** Called before the target of the fleet, or of the preload, is applied; local mode may begin or end by it. */
  readonly onFleetConfig: (config: StoredTarget["config"]) => Promise<void>;
  /** From apps as they came to the target that is in effect (see `targetInEffect`). */
  readonly resolve: (apps: WireApps) => Target;
  /** Whether a target with this configuration waits for someone's word. */
  readonly isHeld: (config: StoredTarget["config"]) => boolean;
};

/** Which of the known targets holds, and how another one comes into force: checked, stored, then applied. */
export class TargetInForce {
  readonly #store: TargetStore;
  readonly #isLocalMode: () => boolean;
  readonly #log: Log;
  readonly #onTarget: OnTarget;
  readonly #onFleetConfig: (config: StoredTarget["config"]) => Promise<void>;
  readonly #resolve: (apps: WireApps) => Target;
  readonly #isHeld: (config: StoredTarget["config"]) => boolean;
  #lastWarnings = "";

  constructor(options: TargetInForceOptions) {
    this.#store = options.store;
    this.#isLocalMode = options.isLocalMode;
    this.#log = options.log;
    this.#onTarget = options.onTarget;
    this.#onFleetConfig = options.onFleetConfig;
    this.#resolve = options.resolve;
    this.#isHeld = options.isHeld;
  }

  /** The target that holds; in local mode the fleet's until a local one is set. Undefined when none is known. */
  stored(): StoredTarget | undefined {
    return this.#isLocalMode() ? (this.#store.local() ?? this.#store.fleet()) : this.#store.fleet();
  }

  /** What the fleet wants, also while local mode has another target in force. */
  fleet(): StoredTarget | undefined {
    return this.#store.fleet();
  }

  /** The target that waits for someone's word: its images are downloaded, nothing else of it is done. */
  waiting(): StoredTarget | undefined {
    const waiting = this.#store.waiting();
    return (waiting?.source === "local") === this.#isLocalMode() ? waiting : undefined;
  }

  /** Applies the stored target, with what is known of releases now; false when none is known. */
  async resume(): Promise<boolean> {
    await this.#onFleetConfig(this.#store.fleet()?.config ?? {});
    const stored = this.stored();
    if (stored === undefined) return false;
    await this.#apply(this.#resolve(stored.apps));
    return true;
  }

  /** Brings the waiting target into force; false when none waits. */
  async release(): Promise<boolean> {
    const waiting = this.waiting();
    if (waiting === undefined) return false;
    await this.#enforce(waiting, this.#resolve(waiting.apps));
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
    const waiting = this.#store.waiting();
    const known = waiting?.source === "cloud" ? waiting : this.#store.fleet();
    if (!isDeepStrictEqual(stored, known)) await this.#take(stored);
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
    const target = this.#resolve(stored.apps);
    const inForce = stored.source === "local" ? this.#store.local() : this.#store.fleet();
    if (inForce !== undefined && this.#isHeld(stored.config) && configHash(inForce.apps) !== configHash(stored.apps)) {
      await this.#store.putWaiting(stored);
      this.#log.info("An update waits: it is downloaded, and applied when told so");
      await this.resume();
    } else await this.#enforce(stored, target);
  }

  async #enforce(stored: StoredTarget, target: Target): Promise<void> {
    const former = this.stored();
    await this.#store.put(stored);
    if (stored.source !== "local") await this.#onFleetConfig(stored.config);
    const holds = this.stored();
    if (holds === undefined || holds === former) return;
    await this.#apply(holds === stored ? target : this.#resolve(holds.apps));
  }

  async #apply(target: Target): Promise<void> {
    const warnings = target.warnings.join("\n");
    if (warnings !== this.#lastWarnings) for (const warning of target.warnings) this.#log.warn(warning);
    this.#lastWarnings = warnings;
    await this.#onTarget({ ...target, prefetch: this.#prefetch() });
  }

  #prefetch(): Prefetch[] {
    const waiting = this.waiting();
    return (waiting === undefined ? [] : this.#resolve(waiting.apps).apps).flatMap(({ id, services }) =>
      services.map(({ name, image }) => ({ appId: id, service: name, image })),
    );
  }
}
