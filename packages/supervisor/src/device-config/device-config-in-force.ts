import { isDeepStrictEqual } from "node:util";
import { messageOf } from "@holdfast/contracts";
import type { Log } from "../log.ts";
import { type DeviceConfig, parseDeviceConfig } from "./device-config.ts";

export type DeviceConfigOptions = {
  /** Of config.json, in milliseconds: holds when the fleet says nothing. */
  readonly pollIntervalMs: number;
  readonly log: Log;
  /** Tells the fleet's owner. */
  readonly tell: (message: string) => void;
  /** Carries out what is more than a value that others ask for; called with every target. */
  readonly apply: (values: DeviceConfig, config: Readonly<Record<string, string>>) => Promise<void>;
};

/** The device configuration that holds, and how another one comes into force. */
export class DeviceConfigInForce {
  readonly #options: DeviceConfigOptions;
  #values: DeviceConfig;
  #config: Readonly<Record<string, string>> = {};
  #problems: readonly string[] = [];

  constructor(options: DeviceConfigOptions) {
    this.#options = options;
    this.#values = parseDeviceConfig({}, options).values;
  }

  values(): DeviceConfig {
    return this.#values;
  }

  /** Takes the configuration of the fleet's target. What fails of it is told; the rest holds. Never throws. */
  async adopt(config: Readonly<Record<string, string>>): Promise<void> {
    const { log, tell, apply } = this.#options;
    const before = this.#values;
    const { values, problems } = parseDeviceConfig(config, this.#options);
    for (const problem of problems.filter((known) => !this.#problems.includes(known))) {
      log.warn(problem);
      tell(problem);
    }
    this.#problems = problems;
    this.#values = values;
    this.#config = config;
    const changes = JSON.stringify(differences(before, values));
    const isChanged = changes !== "{}";
    if (isChanged) tell(`Applying configuration change ${changes}`);
    try {
      await apply(values, config);
      if (isChanged) tell(`Applied configuration change ${changes}`);
    } catch (error) {
      log.error(`Error applying configuration change: ${messageOf(error)}`);
      tell(`Error applying configuration change: ${messageOf(error)}`);
    }
  }

  /** Carries the configuration that holds out again, as after something that it depends on has changed. */
  async again(): Promise<void> {
    await this.adopt(this.#config);
  }
}

function differences(before: DeviceConfig, now: DeviceConfig): Partial<DeviceConfig> {
  const known = new Map<string, unknown>(Object.entries(before));
  return Object.fromEntries(Object.entries(now).filter(([key, value]) => !isDeepStrictEqual(known.get(key), value)));
}
