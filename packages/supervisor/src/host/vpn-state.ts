import { access } from "node:fs/promises";
import { join } from "node:path";

/** The tunnel's own mark that it is up (compat 3.2). */
const ACTIVE = "run/openvpn/vpn_status/active";

/** Whether the device should have a tunnel (managed, and its fleet did not switch it off), and whether it is up. */
export async function readVpn(rootMount: string, enabled: boolean): Promise<VpnState> {
  const connected = await access(join(rootMount, ACTIVE)).then(
    () => true,
    () => false,
  );
  return { enabled, connected };
}

type VpnState = { readonly enabled: boolean; readonly connected: boolean };
