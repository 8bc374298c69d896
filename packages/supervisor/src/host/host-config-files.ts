import { join } from "node:path";
import type { ConfigJsonFile } from "../device/config-json-file.ts";
import { shortName } from "../device/facts.ts";
import { readIfThere, replaceDurably } from "../storage/durable-file.ts";
import { SerialQueue } from "../storage/serial-queue.ts";
import type { HostConfigChange } from "./host-config-change.ts";
import { type ProxyView, parseProxy } from "./proxy-file.ts";

/** What GET /v1/device/host-config answers (compat 3.1); `proxy` is absent while the device goes without one. */
export type HostConfig = {
  readonly network: {
    readonly hostname: string;
    readonly proxy?: ProxyView & { readonly noProxy?: readonly string[] };
  };
};

/** The host's name and proxy, in the files of the boot partition that the host follows by itself. */
export class HostConfigFiles {
  readonly #configJson: ConfigJsonFile;
  readonly #redsocks: string;
  readonly #noProxy: string;
  readonly #queue = new SerialQueue();

  constructor(configJson: ConfigJsonFile, bootFolder: string) {
    this.#configJson = configJson;
    this.#redsocks = join(bootFolder, "system-proxy/redsocks.conf");
    this.#noProxy = join(bootFolder, "system-proxy/no_proxy");
  }

  async read(): Promise<HostConfig> {
    const hostname = await this.#configJson.read("hostname");
    const name = typeof hostname === "string" && hostname !== "" ? hostname : await this.#shortName();
    const conf = await readIfThere(this.#redsocks);
    if (conf === undefined) return { network: { hostname: name } };
    const noProxy = linesOf((await readIfThere(this.#noProxy)) ?? "");
    return { network: { hostname: name, proxy: { ...parseProxy(conf), ...(noProxy.length > 0 ? { noProxy } : {}) } } };
  }

  /** Returns when all of it is on the disk; a power cut leaves each file as it was or as it should be. */
  write(change: HostConfigChange): Promise<void> {
    // Two at once would share temporary files.
    return this.#queue.run(() => this.#write(change));
  }

  async #write({ hostname, redsocks, noProxy }: HostConfigChange): Promise<void> {
    if (hostname !== undefined) await this.#configJson.change({ hostname: hostname || (await this.#shortName()) });
    // The exceptions first: a new proxy must not take what they name.
    if (noProxy !== undefined)
      await replaceDurably(this.#noProxy, noProxy.map((line) => `${line}\n`).join("") || undefined);
    if (redsocks !== undefined) await replaceDurably(this.#redsocks, redsocks ?? undefined);
  }

  async #shortName(): Promise<string> {
    const uuid = await this.#configJson.read("uuid");
    return shortName(typeof uuid === "string" ? uuid : "");
  }
}

const linesOf = (text: string): readonly string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
