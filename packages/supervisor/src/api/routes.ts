import type { NetworkRequests } from "../host/network-requests.ts";
import type { LogHub } from "../logs/log-hub.ts";
import type { DeviceActions } from "./actions/device-actions.ts";
import { v1AppRoutes } from "./actions/v1-apps.ts";
import { v1HostRoutes } from "./actions/v1-host.ts";
import { v2AppRoutes } from "./actions/v2-apps.ts";
import type { Device } from "./device.ts";
import { journalLogsRoute } from "./logs/journal-logs.ts";
import { localLogsRoute } from "./logs/local-logs.ts";
import type { Route } from "./router.ts";
import { v1Routes } from "./v1.ts";
import { type DeviceSelf, deviceSelfRoutes } from "./v1-device.ts";
import { v2LocalRoutes } from "./v2-local.ts";
import { v2StateRoutes } from "./v2-state.ts";
import { v3NetworkRoutes } from "./v3-network.ts";

/** What the device API is made of. */
export type ApiParts = {
  readonly device: Device;
  readonly self: DeviceSelf;
  readonly actions: DeviceActions;
  readonly logs: Pick<LogHub, "listen">;
  /** Program and first arguments that stand for the host's journalctl. */
  readonly journalctl: readonly string[];
  readonly network: Pick<NetworkRequests, "ask">;
};

/** Every endpoint of the device API; docs/device-api.md describes each. */
export function deviceRoutes({ device, self, actions, logs, journalctl, network }: ApiParts): Route[] {
  return [
    ...v1Routes(device),
    ...v1HostRoutes(actions),
    ...v1AppRoutes(actions),
    ...deviceSelfRoutes(self),
    ...v2StateRoutes(device),
    ...v2AppRoutes(actions),
    ...v2LocalRoutes(device),
    localLogsRoute(logs),
    journalLogsRoute(journalctl),
    ...v3NetworkRoutes(network),
  ];
}
