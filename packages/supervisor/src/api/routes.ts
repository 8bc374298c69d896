import type { HostActions } from "../host/host-actions.ts";
import type { HostConfigFiles } from "../host/host-config-files.ts";
import type { NetworkRequests } from "../host/network-requests.ts";
import { localBuildRoutes } from "../local-build/local-build-routes.ts";
import type { LocalBuilds } from "../local-build/local-builds.ts";
import type { LogHub } from "../logs/log-hub.ts";
import type { DeviceEvents } from "../telemetry/device-events.ts";
import type { DeviceActions } from "./actions/device-actions.ts";
import { v1AppRoutes } from "./actions/v1-apps.ts";
import { v1HostRoutes } from "./actions/v1-host.ts";
import { v2AppRoutes } from "./actions/v2-apps.ts";
import type { Device } from "./device.ts";
import { journalLogsRoute } from "./logs/journal-logs.ts";
import { localLogsRoute } from "./logs/local-logs.ts";
import { openApiRoute } from "./open-api/open-api-route.ts";
import type { Route } from "./router.ts";
import { v1Routes } from "./v1.ts";
import { type DeviceSelf, deviceSelfRoutes } from "./v1-device.ts";
import { v1HostConfigRoutes } from "./v1-host-config.ts";
import { v2LocalRoutes } from "./v2-local.ts";
import { v2StateRoutes } from "./v2-state.ts";
import { type DeviceTags, v2TagRoutes } from "./v2-tags.ts";
import { v3EventsRoute } from "./v3-events.ts";
import { type MetricsParts, v3MetricsRoute } from "./v3-metrics.ts";
import { v3NetworkRoutes } from "./v3-network.ts";
import { type Updates, v3UpdateRoutes } from "./v3-updates.ts";

/** What the device API is made of. */
export type ApiParts = {
  readonly device: Device;
  readonly self: DeviceSelf;
  readonly actions: DeviceActions;
  readonly hostConfig: Pick<HostConfigFiles, "read" | "write">;
  readonly host: Pick<HostActions, "withLocks">;
  readonly logs: Pick<LogHub, "listen">;
  /** Program and first arguments that stand for the host's journalctl. */
  readonly journalctl: readonly string[];
  /** Those that the fleet server keeps; undefined on an unmanaged device. */
  readonly tags: () => DeviceTags | undefined;
  readonly updates: Updates;
  readonly network: Pick<NetworkRequests, "ask">;
  readonly metrics: MetricsParts;
  /** File of the OpenAPI document. */
  readonly openApiFile: string;
  readonly events: Pick<DeviceEvents, "listen" | "count">;
  readonly builds: Pick<LocalBuilds, "announce" | "receive" | "build">;
  /** Whether pushes are taken: a development device in local mode. */
  readonly takesBuilds: () => boolean;
};

/** Every endpoint of the device API; docs/device-api.md describes each. */
export function deviceRoutes(parts: ApiParts): Route[] {
  const { device, self, actions, logs, journalctl } = parts;
  return [
    ...v1Routes(device),
    ...v1HostRoutes(actions),
    ...v1AppRoutes(actions),
    ...v1HostConfigRoutes(parts.hostConfig, parts.host),
    ...deviceSelfRoutes(self),
    ...v2StateRoutes(device),
    ...v2AppRoutes(actions),
    ...v2LocalRoutes(device),
    localLogsRoute(logs),
    journalLogsRoute(journalctl),
    ...v2TagRoutes(parts.tags),
    ...v3UpdateRoutes(parts.updates),
    ...v3NetworkRoutes(parts.network),
    v3EventsRoute(parts.events),
    v3MetricsRoute(parts.metrics),
    openApiRoute(parts.openApiFile),
    ...localBuildRoutes(parts.builds, parts.takesBuilds),
  ];
}
