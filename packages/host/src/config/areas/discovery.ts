import { DISCOVERY_DEFAULTS } from "../../discovery/discoverability.ts";
import type { RenderArea } from "../rendered-file.ts";

/** The name under which people look for a development device that they have given none. */
const DEVELOPMENT_ALIAS = "balena";

/** The device contract: unless the fleet decides, a device is found by name in development mode only. */
export const renderDiscovery: RenderArea = ({ developmentMode, hostname }) => [
  {
    path: DISCOVERY_DEFAULTS,
    mode: 0o644,
    content: `${JSON.stringify({
      isDefault: developmentMode,
      ...(developmentMode && hostname === undefined ? { alias: DEVELOPMENT_ALIAS } : {}),
    })}\n`,
    place: "memory",
    onChange: [{ action: "restart", unit: "holdfast-discovery.service" }],
  },
];
