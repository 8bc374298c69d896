import { CONNECTIVITY_CHECK } from "../../clock/ask-web-time.ts";
import type { RenderArea } from "../rendered-file.ts";

export const NETWORK_FRAGMENT = "/etc/NetworkManager/conf.d/os-networkmanager.conf";
const DEFAULT_INTERVAL_SECONDS = 3600;

/** A value as GLib's key files take it: backslashes doubled, a blank at the beginning kept. */
const keyFileValue = (text: string): string => text.replaceAll("\\", "\\\\").replace(/^ /, "\\s");

/** What NetworkManager is told besides its own file. Without an address nothing is checked. */
export const renderConnectivity: RenderArea = (config) => {
  const { apiEndpoint, connectivityUri, connectivityInterval, connectivityResponse, randomMacAddressScan } = config;
  const uri =
    connectivityUri ?? (apiEndpoint === undefined ? undefined : `${apiEndpoint.replace(/\/$/, "")}/connectivity-check`);
  const sections: string[] = [];
  if (uri !== undefined)
    sections.push(
      `[connectivity]\nuri=${keyFileValue(uri)}\ninterval=${connectivityInterval ?? DEFAULT_INTERVAL_SECONDS}\n` +
        `response=${keyFileValue(connectivityResponse ?? "")}\n`,
    );
  if (randomMacAddressScan !== undefined)
    sections.push(`[device]\nwifi.scan-rand-mac-address=${randomMacAddressScan ? "yes" : "no"}\n`);
  return [
    {
      path: NETWORK_FRAGMENT,
      mode: 0o644,
      content: sections.length === 0 ? undefined : sections.join("\n"),
      place: "flash",
      onChange: [{ action: "reload", unit: "NetworkManager.service" }],
    },
    {
      path: CONNECTIVITY_CHECK,
      mode: 0o600,
      content: uri === undefined ? undefined : `${JSON.stringify({ uri, response: connectivityResponse ?? "" })}\n`,
      place: "memory",
      onChange: [{ action: "start", unit: "timesync-https.service" }],
    },
  ];
};
