import { parseHostConfig } from "../config/host-config.ts";
import type { Json } from "../config/keys/value-parsers.ts";
import { parseEndpoint } from "./server/endpoint.ts";
import { deviceKeyOf, keyFor, OVERRIDABLE, rememberedKeys } from "./server/server-keys.ts";

export type Joined =
  | { readonly ok: true; readonly json: Json; readonly ignored: readonly string[] }
  | { readonly ok: false; readonly reason: string };

export type JoinFacts = {
  /** Keys that joining replaces and leaving removes. */
  readonly keys: readonly string[];
  /** What the device is; undefined when nothing says so. */
  readonly deviceType: string | undefined;
  /** Makes a key for a server that does not know the device. */
  readonly makeKey: () => string;
};

const no = (reason: string): Joined => ({ ok: false, reason });
const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== "";
const without = (json: Json, keys: readonly string[]): Json =>
  Object.fromEntries(Object.entries(json).filter(([key]) => !keys.includes(key)));

/** Why a configuration is not for this device; undefined when it may be. */
function mismatch(own: Json, joining: Json, deviceType: string | undefined): string | undefined {
  const wanted = joining["deviceType"];
  if (isGiven(wanted) && deviceType !== undefined && wanted !== deviceType)
    return `it is for devices of type ${JSON.stringify(wanted)}, this one is ${JSON.stringify(deviceType)}`;
  const isRegistered = isGiven(joining["deviceApiKey"]) || isGiven(joining["deviceId"]);
  if (isRegistered && isGiven(joining["uuid"]) && joining["uuid"] !== own["uuid"])
    return "it is the configuration of another device (uuid): take one for a new device of the fleet";
  return undefined;
}

/** The device's key, if no server has seen it yet: the one that it made at its first boot. */
function unusedKey(own: Json, known: Readonly<Record<string, string>>): string | undefined {
  const key = deviceKeyOf(own);
  return key === undefined || Object.values(known).includes(key) ? undefined : key;
}

/**
 * config.json of a device that joins a fleet. Pure. Only the schema's keys are taken from the given configuration, and
 * what the device had of them before goes; everything else (uuid, hostname, keys of ssh …) is the device's own. A server
 * that the device was joined to before gets the key that it knows.
 */
export function joinedConfig(own: Json, joining: Json, { keys, deviceType, makeKey }: JoinFacts): Joined {
  const endpoint = parseEndpoint(joining["apiEndpoint"]);
  if (endpoint === undefined) return no("apiEndpoint is not an http or https address");
  const refusal = mismatch(own, joining, deviceType);
  if (refusal !== undefined) return no(refusal);
  const isServers = (key: string): boolean => keys.includes(key) || OVERRIDABLE.includes(key);
  const taken = Object.fromEntries(Object.entries(joining).filter(([key, value]) => isServers(key) && isGiven(value)));
  const parsed = parseHostConfig(JSON.stringify(taken));
  if (!parsed.ok || parsed.invalid.length > 0)
    return no(`these keys cannot be used: ${parsed.ok ? parsed.invalid.join(", ") : "all"}`);

  const known = rememberedKeys(own) ?? {};
  const key =
    deviceKeyOf(taken) ?? keyFor({ deviceApiKeys: known }, endpoint.host) ?? unusedKey(own, known) ?? makeKey();
  const json = {
    ...without(own, [...keys, ...OVERRIDABLE, "deviceApiKeys"]),
    ...(deviceType === undefined ? {} : { deviceType }),
    ...taken,
    deviceApiKey: key,
    deviceApiKeys: { ...known, [endpoint.host]: key },
  };
  return { ok: true, json, ignored: Object.keys(joining).filter((name) => !isServers(name)) };
}

/** config.json of a device that leaves its fleet: without the server's keys, but with the device's keys of the servers it knew. Pure. */
export function leftConfig(own: Json, keys: readonly string[]): Json {
  const deviceApiKeys = rememberedKeys(own);
  return {
    ...without(own, [...keys, ...OVERRIDABLE, "deviceApiKeys"]),
    ...(deviceApiKeys === undefined ? {} : { deviceApiKeys }),
  };
}
