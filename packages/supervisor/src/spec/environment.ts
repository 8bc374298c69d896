import type { TargetApp, TargetService } from "../target/target.ts";
import { type DeviceFacts, SUPERVISOR_GATEWAY } from "./device-facts.ts";
import { hasFeature } from "./labels.ts";

/** Variables whose change does not make another container: a renamed device keeps its containers (compat 4.1). */
export const NOT_COMPARED = ["BALENA_DEVICE_NAME_AT_INIT", "RESIN_DEVICE_NAME_AT_INIT"];

/** Variables that carry a service's key; the effect that creates the container adds them, so plans hold no secrets. */
export const API_KEY_VARIABLES = ["BALENA_SUPERVISOR_API_KEY", "RESIN_SUPERVISOR_API_KEY"];

/** The container's environment: the user's over what is injected, and what labels ask for over the user's. */
export function environmentOf(app: TargetApp, service: TargetService, facts: DeviceFacts): Record<string, string> {
  return { ...injected(app, service, facts), ...service.environment, ...byLabels(service, facts) };
}

function injected(app: TargetApp, service: TargetService, facts: DeviceFacts): Record<string, string> {
  const dockerHost = hasFeature(service.labels, "balena-socket")
    ? { DOCKER_HOST: "unix:///host/run/balena-engine.sock" }
    : {};
  return {
    BALENA: "1",
    RESIN: "1",
    USER: "root",
    ...underBothPrefixes({
      APP_ID: String(app.id),
      APP_UUID: app.uuid,
      APP_NAME: app.name,
      SERVICE_NAME: service.name,
      DEVICE_UUID: facts.uuid,
      DEVICE_TYPE: facts.deviceType,
      DEVICE_ARCH: facts.arch,
      HOST_OS_VERSION: facts.osVersion,
      APP_LOCK_PATH: "/tmp/balena/updates.lock",
      DEVICE_NAME_AT_INIT: facts.name,
    }),
    BALENA_SERVICE_HANDOVER_COMPLETE_PATH: "/tmp/balena/handover-complete",
    RESIN_SERVICE_KILL_ME_PATH: "/tmp/balena/handover-complete",
    ...dockerHost,
  };
}

function byLabels(service: TargetService, facts: DeviceFacts): Record<string, string> {
  const variables: Record<string, string> = {};
  if (hasFeature(service.labels, "supervisor-api")) {
    const host = service.compose.network_mode === "host" ? "127.0.0.1" : SUPERVISOR_GATEWAY;
    variables["SUPERVISOR_PORT"] = String(facts.listenPort);
    variables["SUPERVISOR_HOST"] = host;
    variables["SUPERVISOR_ADDRESS"] = `http://${host}:${facts.listenPort}`;
  }
  if (hasFeature(service.labels, "balena-api")) {
    variables["API_KEY"] = facts.deviceApiKey;
    variables["API_URL"] = facts.apiEndpoint;
  }
  if (hasFeature(service.labels, "host-os.board-rev")) {
    variables["HOST_OS_BOARD_REV"] = facts.boardRevision;
    variables["HOST_OS_BUILD"] = facts.boardRevision;
  }
  return underBothPrefixes(variables);
}

function underBothPrefixes(variables: Readonly<Record<string, string>>): Record<string, string> {
  const both: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    both[`BALENA_${name}`] = value;
    both[`RESIN_${name}`] = value;
  }
  return both;
}
