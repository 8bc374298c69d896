import type { Json } from "../config/keys/value-parsers.ts";
import type { Machine } from "../machine/machine.ts";
import { readFollowedConfig } from "../os-config/config-json.ts";

/** The device contract; the client's configuration names it. */
export const VPN_AUTH = "/var/volatile/vpn-auth";

const lineOf = (value: unknown): string | undefined =>
  typeof value === "string" && /^[\x21-\x7e]{1,1024}$/.test(value) ? value : undefined;

/** User and password of the tunnel, two lines: the uuid; the provisioning key while there is one, else the device's. Pure. */
export function vpnAuth(config: Json, environment: (name: string) => string | undefined): string | undefined {
  const user = lineOf(environment("VPN_AUTH_USER")) ?? lineOf(config["uuid"]);
  const password =
    lineOf(environment("VPN_AUTH_PASSWORD")) ?? lineOf(config["apiKey"]) ?? lineOf(config["deviceApiKey"]);
  return user === undefined || password === undefined ? undefined : `${user}\n${password}\n`;
}

/** Writes what OpenVPN logs in with, for root only; without a key there is no file. */
export function prepareVpn(machine: Machine): number {
  const auth = vpnAuth(readFollowedConfig(machine), (name) => machine.environment(name));
  if (auth === undefined) {
    machine.remove(VPN_AUTH);
    machine.log("config.json has no uuid or no key yet: the tunnel cannot log in");
    return 0;
  }
  if (machine.readText(VPN_AUTH) === auth) return 0;
  machine.makeDirectory("/var/volatile");
  // Complete as soon as it is there: OpenVPN may be starting.
  machine.remove(`${VPN_AUTH}.new`);
  machine.writeText(`${VPN_AUTH}.new`, auth, 0o600);
  machine.rename(`${VPN_AUTH}.new`, VPN_AUTH);
  return 0;
}
