import type { Intent } from "../../intent/intent.ts";
import { type Answer, failure, json, otherApp, text } from "../answer.ts";
import { covers } from "../auth.ts";
import type { Ask, Route } from "../router.ts";
import { parseActionBody, parseNumber } from "./action-body.ts";
import { findApp, findService } from "./app-on-device.ts";
import type { DeviceActions } from "./device-actions.ts";
import { orphanedVolumes } from "./orphaned-volumes.ts";
import { purgeApp } from "./purge-app.ts";

type ServiceVerb = Exclude<Intent["do"], "purge">;

/** Endpoints of compat 3.2 that do something to an app or one of its services. */
export function v2AppRoutes(actions: DeviceActions): Route[] {
  const onService = (verb: ServiceVerb): Route => ({
    method: "POST",
    path: `/v2/applications/:appId/${verb}-service`,
    answer: (ask) => serviceAction(actions, ask, verb),
  });
  return [
    onService("restart"),
    onService("stop"),
    onService("start"),
    { method: "POST", path: "/v2/applications/:appId/restart", answer: (ask) => appAction(actions, ask, "restart") },
    { method: "POST", path: "/v2/applications/:appId/purge", answer: (ask) => appAction(actions, ask, "purge") },
    { method: "GET", path: "/v2/cleanup-volumes", answer: (ask) => cleanUp(actions, ask) },
  ];
}

async function serviceAction(actions: DeviceActions, { params, body, scope }: Ask, verb: ServiceVerb): Promise<Answer> {
  const { serviceName, imageId, force } = parseActionBody(await body());
  const appId = parseNumber(params["appId"]);
  if (appId === undefined) return failure(400, "Missing app id");
  if (!covers(scope, appId)) return otherApp;
  if (serviceName === undefined && imageId === undefined) {
    return failure(400, "Missing service: give serviceName or imageId");
  }
  const app = findApp(actions.status(), appId);
  if (app === undefined) return { status: 404, text: "App not found" };
  const service = findService(app, { serviceName, imageId });
  const hasContainer = app.containers.some((container) => container.service === service);
  if (service === undefined || (!hasContainer && verb !== "start")) return { status: 404, text: "Service not found" };
  await actions.carryOut({ do: verb, appId, services: [service] }, { force });
  return text("OK");
}

async function appAction(
  actions: DeviceActions,
  { params, body, scope }: Ask,
  verb: "restart" | "purge",
): Promise<Answer> {
  const { force } = parseActionBody(await body());
  const appId = parseNumber(params["appId"]);
  if (appId === undefined) return failure(400, "Missing app id");
  if (!covers(scope, appId)) return otherApp;
  if (verb === "purge") return (await purgeApp(actions, appId, force)) ?? text("OK");
  const app = findApp(actions.status(), appId);
  if (app === undefined) return { status: 404, text: "App not found" };
  await actions.carryOut({ do: "restart", appId, services: app.services }, { force });
  return text("OK");
}

async function cleanUp(actions: DeviceActions, { scope }: Ask): Promise<Answer> {
  const { current, desired } = actions.status();
  if (current === undefined || desired === undefined) return failure(503, "The engine has not been looked at yet");
  for (const name of orphanedVolumes({ current, desired, scope })) await actions.removeVolume(name);
  return json({ status: "success" });
}
