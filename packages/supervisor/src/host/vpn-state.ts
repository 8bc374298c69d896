import { access } from "node:fs/promises";
import { join } from "node:path";
import { isTruthy } from "../spec/labels.ts";

/** The tunnel's own mark that it is up (compat 3.2). */
const ACTIVE = "run/openvpn/vpn_status/active";
const VARIABLE = /^(?:BALENA_|RESIN_)?SUPERVISOR_VPN_CONTROL$/;

type Wish = { readonly isManaged: boolean; readonly config: Readonly<Record<string, string>> };

/** Whether the device should have a tunnel (managed, and its fleet did not switch it off), and whether it is up. */
export async function readVpn(rootMount: string, { isManaged, config }: Wish): Promise<VpnState> {
  const [, control = "true"] = Object.entries(config).find(([name]) => VARIABLE.test(name)) ?? [];
  const connected = await access(join(rootMount, ACTIVE)).then(
    () => true,
    () => false,
  );
  return { enabled: isManaged && isTruthy(control), connected };
}

type VpnState = { readonly enabled: boolean; readonly connected: boolean };
