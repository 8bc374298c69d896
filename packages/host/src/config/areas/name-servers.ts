import type { RenderArea } from "../rendered-file.ts";

export const NAME_SERVERS = "/run/dnsmasq.servers";
/** The device contract: asked besides the network's own servers, unless `dnsServers` says otherwise. */
const DEFAULT_SERVERS = ["8.8.8.8"];

/** dnsmasq reads the file again when it is reloaded. */
export const renderNameServers: RenderArea = ({ dnsServers }) => [
  {
    path: NAME_SERVERS,
    mode: 0o644,
    content: (dnsServers ?? DEFAULT_SERVERS).map((server) => `server=${server}\n`).join(""),
    place: "memory",
    onChange: [{ action: "reload", unit: "dnsmasq.service" }],
  },
];
