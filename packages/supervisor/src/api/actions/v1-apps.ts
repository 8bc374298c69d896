import type { ObservedContainer } from "../../engine/current.ts";
import { parseContainerName } from "../../spec/names.ts";
import { type Answer, failure, json, otherApp, text } from "../answer.ts";
import { covers } from "../auth.ts";
import type { Ask, Route } from "../router.ts";
import { parseActionBody, parseNumber } from "./action-body.ts";
import { type AppOnDevice, findApp } from "./app-on-device.ts";
import type { DeviceActions } from "./device-actions.ts";
import { purgeApp } from "./purge-app.ts";

const notFound: Answer = { status: 400, text: "App not found" };
const severalServices: Answer = {
  status: 400,
  text: "Some v1 endpoints are only allowed on single-container apps",
};

/** Endpoints of compat 3.1 that concern one app. */
export function v1AppRoutes(actions: DeviceActions): Route[] {
  return [
    { method: "POST", path: "/v1/restart", answer: (ask) => restart(actions, ask) },
    { method: "POST", path: "/v1/purge", answer: (ask) => purge(actions, ask) },
    { method: "POST", path: "/v1/apps/:appId/stop", answer: (ask) => switchApp(actions, ask, "stop") },
    { method: "POST", path: "/v1/apps/:appId/start", answer: (ask) => switchApp(actions, ask, "start") },
    { method: "GET", path: "/v1/apps/:appId", answer: (ask) => describeApp(actions, ask) },
  ];
}

async function restart(actions: DeviceActions, { body, scope }: Ask): Promise<Answer> {
  const { appId, force } = parseActionBody(await body());
  if (appId === undefined) return { status: 400, text: "Missing app id" };
  if (!covers(scope, appId)) return otherApp;
  const app = findApp(actions.status(), appId);
  if (app === undefined) return { status: 404, text: "App not found" };
  await actions.carryOut({ do: "restart", appId, services: app.services }, { force });
  return text("OK");
}

async function purge(actions: DeviceActions, { body, scope }: Ask): Promise<Answer> {
  const { appId, force } = parseActionBody(await body());
  if (appId === undefined) return { status: 400, text: "Invalid or missing appId" };
  if (!covers(scope, appId)) return otherApp;
  return (await purgeApp(actions, appId, force)) ?? json({ Data: "OK", Error: "" });
}

async function switchApp(
  actions: DeviceActions,
  { params, body, scope }: Ask,
  verb: "stop" | "start",
): Promise<Answer> {
  const { force } = parseActionBody(await body());
  const appId = parseNumber(params["appId"]);
  if (appId === undefined) return { status: 400, text: "Missing app id" };
  if (!covers(scope, appId)) return otherApp;
  const app = findApp(actions.status(), appId);
  if (app === undefined) return notFound;
  if (app.services.length > 1) return severalServices;
  const container = containerOf(app);
  if (container === undefined) return { status: 404, text: "Service not found: it has no container" };
  await actions.carryOut({ do: verb, appId, services: [container.service] }, { force });
  return json({ containerId: container.id });
}

async function describeApp(actions: DeviceActions, { params, scope }: Ask): Promise<Answer> {
  const appId = parseNumber(params["appId"]);
  if (appId === undefined) return { status: 400, text: "Missing app id" };
  if (!covers(scope, appId)) return failure(401, "Application is not available");
  const app = findApp(actions.status(), appId);
  if (app === undefined) return notFound;
  if (app.services.length > 1) return severalServices;
  const container = containerOf(app);
  if (container === undefined) return notFound;
  const release = parseContainerName(container.name);
  return json({
    appId,
    commit: release?.commit ?? app.target.commit,
    containerId: container.id,
    env: withoutKeys(await actions.environmentOf(container.id)),
    imageId: release?.imageId ?? 0,
    releaseId: release?.releaseId ?? 0,
  });
}

/** The one container; beside it, a hand-over may have its predecessor for a while. */
function containerOf({ containers, target }: AppOnDevice): ObservedContainer | undefined {
  const hashes = new Set(target.services.map(({ hash }) => hash));
  return containers.find(({ hash }) => hashes.has(hash)) ?? containers[0];
}

/** Variables as an object; keys stay where they are. */
function withoutKeys(environment: readonly string[]): Record<string, string> {
  const variables = environment.map((entry) => {
    const at = entry.indexOf("=");
    return [entry.slice(0, at), entry.slice(at + 1)] as const;
  });
  return Object.fromEntries(variables.filter(([name]) => !/^(?:BALENA|RESIN)_(?:SUPERVISOR_)?API_KEY$/.test(name)));
}
