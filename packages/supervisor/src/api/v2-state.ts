import { SPOKEN_SUPERVISOR_VERSION } from "@holdfast/contracts";
import { containerViews, imageViews, overallProgress, serviceViews, updateStatus } from "../status/status.ts";
import { failure, json } from "./answer.ts";
import { covers } from "./auth.ts";
import type { Device } from "./device.ts";
import type { Route } from "./router.ts";

/** Endpoints of compat 3.2 that tell the state of the device and its apps. */
export function v2StateRoutes(device: Device): Route[] {
  return [
    {
      method: "GET",
      path: "/v2/version",
      answer: () => json({ status: "success", version: SPOKEN_SUPERVISOR_VERSION, holdfast: device.version }),
    },
    {
      method: "GET",
      path: "/v2/device/name",
      answer: () => json({ status: "success", deviceName: device.name() }),
    },
    { method: "GET", path: "/v2/state/status", answer: () => json(stateStatus(device)) },
    {
      method: "GET",
      path: "/v2/applications/state",
      answer: ({ scope }) => {
        const status = device.status();
        const apps = (status.desired?.apps ?? []).filter((app) => covers(scope, app.id));
        return json(
          Object.fromEntries(
            apps.map((app) => [
              app.name,
              {
                appId: app.id,
                appUuid: app.uuid,
                commit: app.commit,
                updateStatus: updateStatus(app, status),
                ...(app.rejected === undefined ? {} : { rejected: app.rejected }),
                services: serviceViews(app, status),
              },
            ]),
          ),
        );
      },
    },
    {
      method: "GET",
      path: "/v2/containerId",
      answer: ({ query, scope }) => {
        const own = containerViews(device.status()).filter((container) => covers(scope, container.appId));
        const services = Object.fromEntries(own.map((container) => [container.serviceName, container.containerId]));
        const asked = query.get("serviceName") ?? query.get("service");
        if (asked === null) return json({ status: "success", services });
        const containerId = Object.hasOwn(services, asked) ? services[asked] : undefined;
        return containerId === undefined
          ? failure(503, "Could not find service with that name")
          : json({ status: "success", containerId });
      },
    },
  ];
}

function stateStatus(device: Device): unknown {
  const status = device.status();
  const release = status.desired?.apps.find((app) => app.commit !== "")?.commit;
  return {
    status: "success",
    appState: status.isApplied ? "applied" : "applying",
    overallDownloadProgress: overallProgress(status),
    containers: containerViews(status),
    images: imageViews(status),
    ...(release === undefined ? {} : { release }),
  };
}
