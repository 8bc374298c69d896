import * as z from "zod";
import { LABEL_SUPERVISED } from "../spec/labels.ts";
import type { Engine, EngineEvent } from "./engine.ts";
import { EngineHttp } from "./engine-http.ts";
import { jsonLines } from "./json-lines.ts";
import { observe } from "./observe.ts";
import { pullImage } from "./pull-image.ts";
import type { RegistryLogin } from "./registry-login.ts";

const NOT_FOUND = 404;
const NOT_MODIFIED = 304;
const CONFLICT = 409;

const created = z.object({ Id: z.string() });
const inspected = z.object({ Config: z.object({ Env: z.array(z.string()).nullish() }) });
const restarted = z.object({ RestartCount: z.number() });
const layered = z.object({ RootFS: z.object({ Layers: z.array(z.string()).nullish() }) });
const event = z.object({ Action: z.string(), Actor: z.object({ ID: z.string().default("") }) });

/** Only what changes a decision: healthchecks alone make three `exec_*` events a minute and container. */
const EVENTS = ["start", "die", "destroy", "oom", "health_status", "pause", "unpause", "rename", "kill"];

/**
 * Docker (or balenaEngine) behind its unix socket, API 1.41; it is given the logins of registries with each pull. `close`
 * ends idle connections.
 */
export function dockerEngine(
  socketPath: string,
  logins?: Pick<RegistryLogin, "headerFor">,
): Engine & { readonly close: () => void } {
  const http = new EngineHttp(socketPath);
  const post = (path: string, signal?: AbortSignal, body?: unknown) =>
    http.call({ method: "POST", path, body, signal });
  const remove = (path: string, signal?: AbortSignal) =>
    http.call({ method: "DELETE", path, signal, accept: [NOT_FOUND] }).then(() => {});
  return {
    close: () => http.close(),
    observe: (signal) => observe(http, signal),
    environmentOf: async (id, signal) => {
      const answer = await http.call({ method: "GET", path: `/containers/${encodeURIComponent(id)}/json`, signal });
      return inspected.parse(answer).Config.Env ?? [];
    },
    createContainer: async (name, body, signal) => {
      const answer = await post(`/containers/create?name=${encodeURIComponent(name)}`, signal, body);
      return created.parse(answer).Id;
    },
    startContainer: async (id, signal) => {
      await http.call({ method: "POST", path: `/containers/${id}/start`, signal, accept: [NOT_MODIFIED] });
    },
    stopContainer: async (id, signal) => {
      // The grace period is the user's: it may be hours.
      const accept = [NOT_MODIFIED, NOT_FOUND];
      await http.call({ method: "POST", path: `/containers/${id}/stop`, signal, accept, timeoutMs: 0 });
    },
    restartContainer: async (id, signal) => {
      await http.call({ method: "POST", path: `/containers/${id}/restart`, signal, timeoutMs: 0 });
    },
    restartsOf: async (id, signal) => {
      const answer = await http.call({ method: "GET", path: `/containers/${id}/json`, signal, accept: [NOT_FOUND] });
      return restarted.safeParse(answer).data?.RestartCount ?? 0;
    },
    setRestartPolicy: async (id, Name, signal) => {
      const body = { RestartPolicy: { Name, MaximumRetryCount: 0 } };
      await http.call({ method: "POST", path: `/containers/${id}/update`, body, signal, accept: [NOT_FOUND] });
    },
    removeContainer: (id, signal) => remove(`/containers/${id}?v=true`, signal),
    renameContainer: async (id, name, signal) => {
      await post(`/containers/${id}/rename?name=${encodeURIComponent(name)}`, signal);
    },
    connectNetwork: async (network, Container, EndpointConfig, signal) => {
      await post(`/networks/${encodeURIComponent(network)}/connect`, signal, { Container, EndpointConfig });
    },
    createNetwork: async (body, signal) => {
      await http.call({ method: "POST", path: "/networks/create", body, signal, accept: [CONFLICT] });
    },
    removeNetwork: (id, signal) => remove(`/networks/${id}`, signal),
    createVolume: async (body, signal) => {
      await post("/volumes/create", signal, body);
    },
    removeVolume: (name, signal) => remove(`/volumes/${encodeURIComponent(name)}`, signal),
    pullImage: (reference, options) => pullImage(http, reference, { ...options, login: logins?.headerFor(reference) }),
    layersOf: async (id, signal) => {
      const path = `/images/${encodeURIComponent(id)}/json`;
      const answer = await http.call({ method: "GET", path, signal, accept: [NOT_FOUND] });
      return layered.safeParse(answer).data?.RootFS.Layers ?? [];
    },
    removeImage: (reference, signal) => remove(`/images/${encodeURIComponent(reference)}`, signal),
    events: (signal) => events(http, signal),
  };
}

async function* events(http: EngineHttp, signal: AbortSignal): AsyncGenerator<EngineEvent> {
  const filters = JSON.stringify({ type: ["container"], event: EVENTS, label: [LABEL_SUPERVISED] });
  const path = `/events?filters=${encodeURIComponent(filters)}`;
  const stream = await http.stream({ method: "GET", path, signal, timeoutMs: 0 });
  // What happened while nobody listened is not told again.
  yield { action: "connected", containerId: "" };
  for await (const line of jsonLines(stream)) {
    const parsed = event.safeParse(line);
    if (parsed.success) yield { action: parsed.data.Action, containerId: parsed.data.Actor.ID };
  }
}
