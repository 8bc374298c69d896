import { fingerprint } from "../../engine/fnv64.ts";
import type { RenderArea } from "../rendered-file.ts";

/** What the programs that talk to the fleet server were last started with. Nothing reads them: their change is the news. */
export const SERVER_MARK = "/run/holdfast/server";
export const VPN_MARK = "/run/holdfast/vpn-login";

/**
 * The device contract: another `apiEndpoint` has its services' configuration fetched at once, another key restarts the
 * tunnel with it. A mark holds a fingerprint, not the key.
 */
export const renderServer: RenderArea = ({ apiEndpoint, uuid, apiKey, deviceApiKey }) => [
  {
    path: SERVER_MARK,
    mode: 0o600,
    content: `${apiEndpoint ?? ""}\n`,
    place: "memory",
    onChange: [{ action: "restart", unit: "os-config.service" }],
  },
  {
    path: VPN_MARK,
    mode: 0o600,
    content: `${fingerprint(JSON.stringify([uuid, apiKey, deviceApiKey]))}\n`,
    place: "memory",
    // The tunnel is part of it: one that runs is restarted, one that was stopped stays so.
    onChange: [{ action: "restart", unit: "prepare-openvpn.service" }],
  },
];
