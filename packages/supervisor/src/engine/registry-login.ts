import { registryOf } from "@holdfast/contracts";

/** Who the device is to its fleet's registry. */
export type RegistryIdentity = {
  /** Empty on an unmanaged device, which logs in nowhere. */
  readonly apiEndpoint: string;
  readonly uuid: string;
  readonly deviceApiKey: string;
};

export type RegistryCredentials = {
  readonly username: string;
  readonly password: string;
  readonly serveraddress: string;
};

/**
 * The device's login at its fleet's registry (compat 5.6). Only there: any registry that an image names could collect
 * keys otherwise. A registry is the fleet's when it has the fleet server's host, or lies in the same domain.
 */
export class RegistryLogin {
  #identity: RegistryIdentity | undefined;

  know(identity: RegistryIdentity): void {
    this.#identity = identity;
  }

  /** X-Registry-Auth for the pull of an image; undefined when it needs none. */
  headerFor(reference: string): string | undefined {
    const login = this.loginFor(reference);
    if (login === undefined) return undefined;
    // The engine wants the alphabet for addresses, and the padding.
    return Buffer.from(JSON.stringify(login)).toString("base64").replaceAll("+", "-").replaceAll("/", "_");
  }

  /** Who to be at the registry of an image; undefined where the device is nobody. */
  loginFor(reference: string): RegistryCredentials | undefined {
    const { apiEndpoint = "", uuid = "", deviceApiKey = "" } = this.#identity ?? {};
    const registry = registryOf(reference);
    const api = URL.parse(apiEndpoint)?.hostname;
    if (registry === undefined || api === undefined || uuid === "" || deviceApiKey === "") return undefined;
    if (!isFleets(registry, api)) return undefined;
    return { username: `d_${uuid}`, password: deviceApiKey, serveraddress: registry };
  }
}

function isFleets(registry: string, api: string): boolean {
  const host = registry.replace(/:\d+$/, "").toLowerCase();
  if (host === api || host.endsWith(`.${api}`)) return true;
  const domain = api.split(".").slice(1);
  // Neither a top-level domain nor the numbers of an address make a fleet.
  return domain.length >= 2 && !/^[\d.]+$/.test(api) && host.endsWith(`.${domain.join(".")}`);
}
