/** What a key must reach for an endpoint to answer: nothing, anything, the app in question, or all of the device. */
export type NeededKey = "none" | "any" | "app" | "owner";

/** An endpoint as its users see it. */
export type EndpointReference = {
  readonly about: string;
  readonly key: NeededKey;
  /** Fields of the body or the query; none without it. */
  readonly takes?: string;
  /** Status codes and bodies. */
  readonly answers: string;
  /** File in the repository that tests it. */
  readonly test: string;
};

const at = (file: string): string => `packages/supervisor/src/${file}`;
const SERVER = at("api/server.test.ts");
const APPS = at("api/actions/app-actions.test.ts");
const HOST = at("api/actions/host-actions.test.ts");
const SELF = at("api/v1-device.test.ts");
const LOGS = at("api/logs/logs.test.ts");
const HOST_CONFIG = at("api/v1-host-config.test.ts");
const TAGS = at("cloud/tags/tags.test.ts");
const EVENTS = at("api/v3-events.test.ts");
const METRICS = at("api/v3-metrics.test.ts");
const OPEN_API = at("api/open-api/open-api-document.test.ts");
const UPDATES = at("api/v3-updates.test.ts");
const NETWORK = at("api/v3-network.test.ts");
const BUILDS = at("local-build/local-build-routes.test.ts");

const SERVICE = "`serviceName` or `imageId`; `force`";
const OK = "200 `OK`";
const LOCKED = "423 while an update lock is held";
const GOES_DOWN =
  '202 `{"Data":"OK","Error":null}`; 423 `{"Data":"","Error":"…"}`, locked, or an OS update is not confirmed yet; 500 `{"Data":"","Error":"…"}`';

/** Every endpoint of the device API, `METHOD path`; docs/device-api.md is made of it, and a test holds it to the routes. */
export const apiReference: Readonly<Record<string, EndpointReference>> = {
  "GET /ping": { about: "Whether the supervisor answers", key: "none", answers: OK, test: SERVER },
  "GET /v1/healthy": {
    about: "Whether it looks after the device in time",
    key: "none",
    answers: `${OK}; 500 \`Unhealthy\``,
    test: SERVER,
  },
  "POST /v1/blink": { about: "Makes the device's light blink, if it has one", key: "any", answers: OK, test: HOST },
  "POST /v1/regenerate-api-key": {
    about:
      "Replaces the key of the request (the global one on a device that asks for none); a service's container has its new key when it is made anew",
    key: "any",
    answers: "200, the new key as text",
    test: HOST,
  },
  "POST /v1/restart": {
    about:
      "Makes all containers of an app anew; what runs is only restarted while its next release is still downloaded",
    key: "app",
    takes: "`appId`, `force`",
    answers: `${OK}; 400 \`Missing app id\`; 404; ${LOCKED}`,
    test: APPS,
  },
  "POST /v1/purge": {
    about: "Removes an app's containers and volumes and makes them anew; refused while its release is still downloaded",
    key: "app",
    takes: "`appId`, `force`",
    answers: `200 \`{"Data":"OK","Error":""}\`; 400 \`Invalid or missing appId\`; 404; ${LOCKED}; 503`,
    test: APPS,
  },
  "POST /v1/apps/:appId/stop": {
    about: "Stops the only service of an app; it stays so until it is started, made anew, or the device boots",
    key: "app",
    takes: "`force`",
    answers: `200 \`{"containerId":"…"}\`; 400 (no such app, several services); 404; ${LOCKED}`,
    test: APPS,
  },
  "POST /v1/apps/:appId/start": {
    about: "Starts the only service of an app; no lock forbids it",
    key: "app",
    answers: '200 `{"containerId":"…"}`; 400; 404',
    test: APPS,
  },
  "GET /v1/apps/:appId": {
    about: "The only service of an app",
    key: "app",
    answers: "200 `{appId, commit, containerId, env, imageId, releaseId}`, `env` without keys; 400",
    test: APPS,
  },
  "GET /v1/device": {
    about: "The device in a few words",
    key: "any",
    answers:
      "200 `{api_port, ip_address, os_version, mac_address, supervisor_version, update_pending, update_failed, update_downloaded, commit?, status, download_progress?}`",
    test: SELF,
  },
  "POST /v1/reboot": { about: "Reboots, a second later", key: "any", takes: "`force`", answers: GOES_DOWN, test: HOST },
  "POST /v1/shutdown": {
    about: "Shuts down, a second later",
    key: "any",
    takes: "`force`",
    answers: GOES_DOWN,
    test: HOST,
  },
  "POST /v1/update": {
    about:
      "Tries at once what failed or waits; forced, update locks do not count until all is applied; cancelled, downloads begin again",
    key: "any",
    takes: "`force`, `cancel`",
    answers: "204; 202 when the fleet keeps updates for its own pace",
    test: HOST,
  },
  "GET /v2/version": {
    about: "The release of balena's supervisor whose interfaces this one speaks, and its own version",
    key: "any",
    answers: "200 `{status, version, holdfast}`",
    test: SERVER,
  },
  "GET /v2/device/name": {
    about: "The device's name",
    key: "any",
    answers: "200 `{status, deviceName}`",
    test: SERVER,
  },
  "GET /v2/device/vpn": {
    about: "Whether the device should have a tunnel to its server, and whether it is up",
    key: "any",
    answers: "200 `{status, vpn: {enabled, connected}}`",
    test: SELF,
  },
  "GET /v2/state/status": {
    about: "Containers, images and progress",
    key: "any",
    answers: "200 `{status, appState, overallDownloadProgress, containers, images, release}`",
    test: SERVER,
  },
  "GET /v2/applications/state": {
    about: "All apps that the key reaches, by name",
    key: "any",
    answers: "200 `{<name>: {appId, appUuid, commit, updateStatus, services}}`",
    test: SERVER,
  },
  "GET /v2/applications/:appId/state": {
    about: "One app; services under the numbers of their images",
    key: "app",
    answers: "200 `{commit, local}`; 400; 409 for an app that is not there or out of reach",
    test: SELF,
  },
  "GET /v2/containerId": {
    about: "Ids of containers by service",
    key: "any",
    takes: "`?serviceName=` or `?service=`",
    answers: "200 `{status, services}` or `{status, containerId}`; 503",
    test: SERVER,
  },
  "POST /v2/applications/:appId/restart-service": {
    about: "Makes the container of a service anew",
    key: "app",
    takes: SERVICE,
    answers: `${OK}; 400; 404; ${LOCKED}`,
    test: APPS,
  },
  "POST /v2/applications/:appId/stop-service": {
    about: "Stops a service, as `/v1/apps/:appId/stop`",
    key: "app",
    takes: SERVICE,
    answers: `${OK}; 400; 404; ${LOCKED}`,
    test: APPS,
  },
  "POST /v2/applications/:appId/start-service": {
    about: "Starts a service; no lock forbids it",
    key: "app",
    takes: SERVICE,
    answers: `${OK}; 400; 404`,
    test: APPS,
  },
  "POST /v2/applications/:appId/restart": {
    about: "As `/v1/restart`",
    key: "app",
    takes: "`force`",
    answers: `${OK}; 400; 404; ${LOCKED}`,
    test: APPS,
  },
  "POST /v2/applications/:appId/purge": {
    about: "As `/v1/purge`",
    key: "app",
    takes: "`force`",
    answers: `${OK}; 400; 404; ${LOCKED}; 503`,
    test: APPS,
  },
  "GET /v2/cleanup-volumes": {
    about: "Removes volumes that no release names and no container mounts, of apps that the key reaches",
    key: "any",
    answers: "200 `{status}`; 503",
    test: APPS,
  },
  "POST /v2/journal-logs": {
    about:
      "The device's journal as journalctl prints it, at most 8 readers at a time; the whole device's, whatever the key",
    key: "any",
    takes: "`all`, `follow`, `count`, `unit`, `format` (default `short`), `containerId`, `since`, `until`",
    answers: "200, a stream of text; 400; 503",
    test: LOGS,
  },
  "GET /v2/local/logs": {
    about: "Lines of services as they come; a client that does not read loses lines and is told how many",
    key: "owner",
    answers: '200, an endless stream, one JSON object a line, first `{"message":"Streaming logs","isSystem":true}`',
    test: LOGS,
  },
  "GET /v2/local/target-state": {
    about: "The target in force",
    key: "owner",
    answers: "200 `{status, state}`",
    test: SERVER,
  },
  "POST /v2/local/target-state": {
    about: "Brings a target into force, in local mode",
    key: "owner",
    takes: "`local`, `force`",
    answers: "200 `{status, message}`; 400",
    test: SERVER,
  },
  "GET /v2/local/device-info": {
    about: "Architecture and device type",
    key: "any",
    answers: "200 `{status, info: {arch, deviceType}}`",
    test: SERVER,
  },
  "GET /v3/network": {
    about: "The [change of the network](network-changes.md) on trial",
    key: "owner",
    answers: "200; 503",
    test: NETWORK,
  },
  "GET /v1/device/host-config": {
    about: "The device's name and proxy",
    key: "any",
    answers: "200 `{network}`; 503",
    test: HOST_CONFIG,
  },
  "PATCH /v1/device/host-config": {
    about: "Changes the device's name, its proxy, or what goes past the proxy",
    key: "any",
    takes: "`network` with `hostname`, `proxy`; `force`",
    answers: `${OK}; 400; ${LOCKED}; 503`,
    test: HOST_CONFIG,
  },
  "GET /v2/device/tags": {
    about: "The device's tags, as the fleet server has them",
    key: "any",
    answers: "200 `{status, tags}`; 500",
    test: TAGS,
  },
  "PATCH /v2/device/tags": {
    about: "Sets tags of the device; they reach the fleet server within seconds",
    key: "any",
    takes: "an object of texts",
    answers: '202 `{"status":"success"}`; 400',
    test: TAGS,
  },
  "GET /v3/events": {
    about:
      "What happens on the device, as it happens, at most 8 listeners at a time; a key of a service is told of its app",
    key: "any",
    takes: "the header `Last-Event-ID`",
    answers: "200, an endless stream of server-sent events, see [below](#events); 503",
    test: EVENTS,
  },
  "GET /v3/metrics": {
    about: "Figures for Prometheus; a key of a service is told of the services of its app",
    key: "any",
    answers: "200, Prometheus' text format, see [below](#metrics)",
    test: METRICS,
  },
  "GET /v3/openapi.json": {
    about: "This API as an OpenAPI 3.1 document",
    key: "any",
    answers: "200; 503",
    test: OPEN_API,
  },
  "GET /v3/updates": {
    about: "What is going on with each app, and why not: waits, failures, rejected releases, updates that are held",
    key: "any",
    answers: "200 `{hold, waiting, apps}`",
    test: UPDATES,
  },
  "POST /v3/updates/hold": {
    about: "From now on, updates are downloaded and wait for a word",
    key: "owner",
    answers: "200 `{hold}`",
    test: UPDATES,
  },
  "POST /v3/updates/release": {
    about: "Applies what waits, and ends `hold`",
    key: "owner",
    answers: "200 `{released, hold}`",
    test: UPDATES,
  },
  "POST /v3/network": {
    about: "Changes connections, on trial",
    key: "owner",
    takes: "`connections`, `confirmWithin`",
    answers: "202; 400; 409; 503",
    test: NETWORK,
  },
  "POST /v3/network/confirm": {
    about: "Keeps the change",
    key: "owner",
    takes: "`id`",
    answers: "200; 409; 503",
    test: NETWORK,
  },
  "POST /v3/network/revert": {
    about: "Takes the change back",
    key: "owner",
    takes: "`id`",
    answers: "200; 409; 503",
    test: NETWORK,
  },
  "POST /v3/local/contexts": {
    about: "Takes the list of a build context's files, and tells which pieces of them the device lacks",
    key: "owner",
    takes: "lines of JSON, sorted by `path`: `{type, path, mode, mtime, size, chunks}` or `{type, path, target}`",
    answers: "200 `{context, missing}`; 400; 507 `storage.insufficient-space`",
    test: BUILDS,
  },
  "POST /v3/local/chunks": {
    about: "Takes pieces of files; each is kept under its SHA-256",
    key: "owner",
    takes: "a tar of files of at most 1 MiB, named by their SHA-256",
    answers: "200 `{received}`; 400; 507 `storage.insufficient-space`",
    test: BUILDS,
  },
  "POST /v3/local/builds": {
    about: "Builds a service's image of a context that is on the device, unless it is there already",
    key: "owner",
    takes: "`context`, `service`, `dockerfile`, `args`, `target`, `fresh`",
    answers: "200, lines of JSON: `{line}`, at last `{image, built}` or `{error}`; 400",
    test: BUILDS,
  },
};
