import { join } from "node:path";
import type { Log } from "../log.ts";
import { readIfThere, writeDurably } from "../storage/durable-file.ts";
import type { Target } from "../target/target.ts";

/** What the host's firewall program reads; it applies it at once and at each boot. */
export type FirewallWish = {
  readonly mode: "on" | "off" | "auto";
  /** An app shares the host's network. */
  readonly hasHostServices: boolean;
  /** The device API is open to the network. The host lets this in development mode only. */
  readonly isApiOpen: boolean;
  readonly apiPort: number;
};

/** Fleets set it with either prefix, or none (compat 1.4). */
const VARIABLE = /^(?:BALENA_|RESIN_)?HOST_FIREWALL_MODE$/;

/** The firewall that a device configuration asks for; what is not understood means off, the contract's default. Pure. */
export function firewallMode(config: Readonly<Record<string, string>>): FirewallWish["mode"] {
  const [, value = "off"] = Object.entries(config).find(([name]) => VARIABLE.test(name)) ?? [];
  return value === "on" || value === "auto" ? value : "off";
}

export const usesHostNetwork = (target: Target): boolean =>
  target.apps.some(({ services }) => services.some(({ compose }) => compose.network_mode === "host"));

/** Hands wishes to the host: a file, written durably and only when it changes. */
export class FirewallWishes {
  readonly #path: string;
  readonly #log: Log;
  #queue: Promise<void> = Promise.resolve();

  constructor(hostConfigDir: string, log: Log) {
    this.#path = join(hostConfigDir, "firewall.json");
    this.#log = log;
  }

  /** Returns when it is on the disk. A failure is logged: the former wish stays in force. */
  put(wish: FirewallWish): Promise<void> {
    // One after the other: two writers would share the temporary file.
    this.#queue = this.#queue.then(async () => {
      try {
        const text = `${JSON.stringify(wish)}\n`;
        if ((await readIfThere(this.#path)) !== text) await writeDurably(this.#path, text);
      } catch (error) {
        this.#log.error(`The firewall's settings cannot be written: ${String(error)}`);
      }
    });
    return this.#queue;
  }
}
