import { parseJson } from "../config/json-text.ts";
import { isObject } from "../config/keys/value-parsers.ts";
import type { Machine } from "../machine/machine.ts";
import { type Endpoint, parseEndpoint } from "../os-config/server/endpoint.ts";

/**
 * With what sshd's helpers ask the fleet server: `{"endpoint", "key"}`. Their own user may read it, and nobody else; it
 * is there on managed devices only.
 */
export const CLOUD_LOGIN = "/run/holdfast/cloud-login.json";
/** The user that sshd's helpers run as; it owns nothing. */
export const HELPER_USER = "sshd-authcommands";

export type CloudLogin = { readonly endpoint: Endpoint; readonly key: string };

/** Undefined on a device without a fleet server. */
export function readCloudLogin(machine: Machine): CloudLogin | undefined {
  const parsed = parseJson(machine.readText(CLOUD_LOGIN) ?? "");
  const { endpoint, key } = parsed.ok && isObject(parsed.value) ? parsed.value : {};
  const address = parseEndpoint(endpoint);
  return address === undefined || typeof key !== "string" || key === "" ? undefined : { endpoint: address, key };
}

/** Names that users of a fleet server have. Nothing in them could become another part of an address. */
const USER_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;

/** Whether a name can be a user of the fleet server: it is none of the device's own. */
export function isCloudUser(machine: Machine, name: string): boolean {
  const own = (machine.readText("/etc/passwd") ?? "").split("\n").map((line) => line.split(":", 1)[0]);
  return USER_NAME.test(name) && name !== "root" && !own.includes(name);
}
