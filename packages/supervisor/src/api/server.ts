import { createServer, type IncomingMessage, type Server } from "node:http";
import { HoldfastError, messageOf } from "@holdfast/contracts";
import type { KeyRing } from "../device/key-ring.ts";
import type { Log } from "../log.ts";
import { type Answer, failure, unauthorized } from "./answer.ts";
import { authorize } from "./auth.ts";
import { BadBody, BodyReader } from "./body.ts";
import { limitConnections } from "./limit-connections.ts";
import { type Match, type Route, Router } from "./router.ts";
import { sendAnswer } from "./send-answer.ts";

export type ApiOptions = {
  readonly routes: readonly Route[];
  readonly keys: KeyRing;
  /** Whether requests need a key now: not in local mode (compat 3). */
  readonly needsKey: () => boolean;
  readonly log: Log;
  /** Told of each answer; without a route, there is none for what was asked. */
  readonly answered?: (route: Route | undefined, status: number) => void;
};

/** Time to send a request: 10 MB over a slow radio link, but no slow-loris. */
const REQUEST_TIMEOUT_MS = 120_000;
const HEADERS_TIMEOUT_MS = 15_000;
const IDLE_TIMEOUT_MS = 15_000;
/** How often it is looked whether a request takes too long. */
const LOOK_MS = 5000;
/** A peer that vanished without a word is found by the kernel. */
const KEEP_ALIVE_MS = 60_000;
/** Of the first line and all headers together, in bytes: addresses and keys are short. */
const MAX_HEAD = 16 * 1024;
const MAX_HEADERS = 100;
const CONNECTIONS = { together: 128, perAddress: 48 };
/** Of a message in an error answer, in characters. */
const MAX_MESSAGE = 500;

/** The device API's HTTP server, not yet listening. */
export function apiServer(options: ApiOptions): Server {
  const api: Api = { ...options, router: new Router(options.routes), bodies: new BodyReader() };
  const limits = {
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    connectionsCheckingInterval: LOOK_MS,
    maxHeaderSize: MAX_HEAD,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  };
  const server = createServer(limits, (request, response) => {
    respond(api, request)
      .then((answer) => sendAnswer(request, response, answer))
      .catch((error: unknown) => {
        options.log.error(`An answer of the device API cannot be sent: ${stackOf(error)}`);
        response.destroy();
      });
  });
  server.maxHeadersCount = MAX_HEADERS;
  limitConnections(server, CONNECTIONS);
  return server;
}

type Api = ApiOptions & { readonly router: Router; readonly bodies: BodyReader };

/** Listens and resolves when the server answers. Without an address, on all interfaces. */
export function listen(server: Server, port: number, address?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(address === undefined ? {} : { host: address }) }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function respond(api: Api, request: IncomingMessage): Promise<Answer> {
  const url = parseUrl(request.url);
  const match = url === undefined ? undefined : api.router.find(request.method ?? "GET", url.pathname);
  const answer = await answerTo(api, request, url, match).catch((error: unknown) => answerError(error, api.log));
  api.answered?.(match?.route, answer.status);
  return answer;
}

async function answerTo(
  { keys, needsKey, bodies }: Api,
  request: IncomingMessage,
  url: URL | undefined,
  match: Match | undefined,
): Promise<Answer> {
  if (url === undefined) return failure(400, "Malformed address");
  const query = url.searchParams;
  const isGuarded = match?.route.isOpen !== true && needsKey();
  const { key, scope } = authorize({ request, query, keys, needsKey: isGuarded });
  // Before the 404: what exists is nobody's business without a key.
  if (scope === undefined) return unauthorized;
  if (match === undefined) return failure(404, "Not found");
  const { route, params } = match;
  const lastEventId = request.headers["last-event-id"]?.toString();
  const body = (): ReturnType<BodyReader["read"]> => bodies.read(request);
  return route.answer({ params, query, scope, key, lastEventId, body, stream: request });
}

/** Refusals are the caller's fault; all else is 503, which clients take as "try again" (compat 3). */
function answerError(error: unknown, log: Log): Answer {
  if (error instanceof BadBody) return failure(error.status, error.message);
  if (error instanceof HoldfastError && error.code === "supervisor.updates-locked") return failure(423, error.message);
  if (error instanceof HoldfastError && error.family === "refusal") return failure(400, error.message);
  log.error(`The device API failed: ${error instanceof HoldfastError ? error.message : stackOf(error)}`);
  return failure(503, briefly(messageOf(error)));
}

/** One line without end: what libraries append to their messages is for the log. */
function briefly(message: string): string {
  return (message.split("\n")[0] ?? "").slice(0, MAX_MESSAGE);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function parseUrl(path: string | undefined): URL | undefined {
  return URL.parse(path ?? "/", "http://device") ?? undefined;
}
