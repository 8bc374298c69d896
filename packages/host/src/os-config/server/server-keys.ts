import { isObject, type Json } from "../../config/keys/value-parsers.ts";
import { parseEndpoint } from "./endpoint.ts";

/**
 * Keys of config.json that the server may set besides those of the schema. None of them can lead the device away from its
 * server, and all of them go with it.
 */
export const OVERRIDABLE: readonly string[] = ["logsEndpoint", "deltaEndpoint", "registryEndpoint"];

/** Keys of the servers that the device was joined to: host -> the device's key there. Pure. */
function knownKeys(config: Json): Readonly<Record<string, string>> {
  const map = config["deviceApiKeys"];
  const entries = isObject(map) ? Object.entries(map) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

/** The device's key as config.json has it; undefined when there is none. Pure. */
export function deviceKeyOf(config: Json): string | undefined {
  const key = config["deviceApiKey"];
  return typeof key === "string" && key !== "" ? key : undefined;
}

/** The key that the device used at a server before. Pure. */
export function keyFor(config: Json, host: string): string | undefined {
  const keys = knownKeys(config);
  return Object.hasOwn(keys, host) ? keys[host] : undefined;
}

/**
 * The map of known keys with the present one in it, so that a device that comes back to a server is known there. Pure;
 * undefined when there is nothing to keep.
 */
export function rememberedKeys(config: Json): Readonly<Record<string, string>> | undefined {
  const host = parseEndpoint(config["apiEndpoint"])?.host;
  const key = deviceKeyOf(config);
  const keys = { ...knownKeys(config), ...(host === undefined || key === undefined ? {} : { [host]: key }) };
  return Object.keys(keys).length === 0 ? undefined : keys;
}
