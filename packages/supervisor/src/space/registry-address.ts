import { registryOf, splitReference } from "@holdfast/contracts";

/** Where the images of references without a host are. */
const DEFAULT_HOST = "index.docker.io";

/** Where a registry answers for an image: `https://host/v2/<name>`, and the tag or digest asked for. */
export type RegistryAddress = {
  readonly base: string;
  readonly host: string;
  readonly name: string;
  readonly tag: string;
};

/** Finds the registry of a reference as the engine does; registries on loopback are asked without TLS, as it does. */
export function registryAddress(reference: string): RegistryAddress {
  const { name: full, tag } = splitReference(reference);
  const named = registryOf(full);
  const host = named ?? DEFAULT_HOST;
  const rest = named === undefined ? full : full.slice(named.length + 1);
  const name = named !== undefined || rest.includes("/") ? rest : `library/${rest}`;
  const scheme = /^(localhost|127\.[0-9.]+|\[::1\])(:\d+)?$/.test(host) ? "http" : "https";
  return { base: `${scheme}://${host}/v2/${name}`, host, name, tag };
}
