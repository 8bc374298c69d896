import type { ApplyStatus } from "../apply/apply-loop.ts";
import { imageViews, overallProgress, serviceViews } from "../status/status.ts";
import { parseNumber } from "./actions/action-body.ts";
import { failure, json } from "./answer.ts";
import { covers } from "./auth.ts";
import type { Route } from "./router.ts";

/** What the device tells of itself beyond its apps. */
export type DeviceSelf = {
  readonly version: string;
  readonly status: () => ApplyStatus;
  readonly apiPort: () => number;
  readonly osVersion: () => string;
  /** Several with a blank between them. */
  readonly addresses: () => Promise<{ readonly ip: string; readonly mac: string }>;
  /** Whether the fleet wants the tunnel, and whether it is up. */
  readonly vpn: () => Promise<{ readonly enabled: boolean; readonly connected: boolean }>;
  /** Whether something could not be applied. */
  readonly hasFailed: () => boolean;
};

/** `GET /v1/device` and its relatives of compat 3.1 and 3.2. */
export function deviceSelfRoutes(self: DeviceSelf): Route[] {
  return [
    { method: "GET", path: "/v1/device", answer: async () => json(await describeDevice(self)) },
    {
      method: "GET",
      path: "/v2/device/vpn",
      answer: async () => json({ status: "success", vpn: await self.vpn() }),
    },
    {
      method: "GET",
      path: "/v2/applications/:appId/state",
      answer: ({ params, scope }) => {
        const appId = parseNumber(params["appId"]);
        if (appId === undefined) return failure(400, `Invalid application ID: ${params["appId"]}`);
        const state = covers(scope, appId) ? appState(self.status(), appId) : undefined;
        return state === undefined ? failure(409, `Application ID does not exist: ${appId}`) : json(state);
      },
    },
  ];
}

async function describeDevice(self: DeviceSelf): Promise<unknown> {
  const status = self.status();
  const app = status.desired?.apps.find(({ commit }) => commit !== "");
  const services = app === undefined ? [] : Object.values(serviceViews(app, status));
  const word = services[0]?.status ?? "Idle";
  const progress = overallProgress(status);
  const { ip, mac } = await self.addresses();
  return {
    api_port: self.apiPort(),
    ip_address: ip,
    os_version: self.osVersion(),
    mac_address: mac,
    supervisor_version: self.version,
    update_pending: !status.isApplied,
    update_failed: self.hasFailed(),
    update_downloaded: !status.isApplied && imageViews(status).every((image) => image.status === "Downloaded"),
    ...(app === undefined ? {} : { commit: app.commit }),
    // One word for a device is from the time when it had one container.
    status: word === "Running" ? "Idle" : word,
    ...(progress === null ? {} : { download_progress: progress }),
  };
}

/** The state of one app; its services stand under the numbers of their images. */
function appState(status: ApplyStatus, appId: number): unknown {
  const app = status.desired?.apps.find(({ id }) => id === appId);
  if (app === undefined) return undefined;
  const views = serviceViews(app, status);
  const services = imageViews(status)
    .filter((image) => image.appId === appId)
    .map(({ imageId, serviceName }) => {
      const view = views[serviceName];
      return [
        imageId,
        { status: view?.status, releaseId: view?.releaseId, download_progress: view?.downloadProgress },
      ] as const;
    });
  return { commit: app.commit, local: { [appId]: { services: Object.fromEntries(services) } } };
}
