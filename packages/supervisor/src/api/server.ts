import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { HoldfastError, messageOf } from "@holdfast/contracts";
import type { KeyRing } from "../device/key-ring.ts";
import type { Log } from "../log.ts";
import { type Answer, failure, unauthorized } from "./answer.ts";
import { authorize } from "./auth.ts";
import { BadBody, readBody } from "./body.ts";
import type { Route } from "./router.ts";
import { Router } from "./router.ts";

export type ApiOptions = {
  readonly routes: readonly Route[];
  readonly keys: KeyRing;
  /** Whether requests need a key now: not in local mode (compat 3). */
  readonly needsKey: () => boolean;
  readonly log: Log;
};

/** Time to send a request: 10 MB over a slow radio link, but no slow-loris. */
const REQUEST_TIMEOUT_MS = 120_000;
const HEADERS_TIMEOUT_MS = 15_000;
const IDLE_TIMEOUT_MS = 15_000;
/** Each connection costs memory; a device's clients are a handful. */
const MAX_CONNECTIONS = 128;

/** The device API's HTTP server, not yet listening. */
export function apiServer(options: ApiOptions): Server {
  const router = new Router(options.routes);
  const server = createServer((request, response) => {
    void respond(router, options, request).then((answer) => send(request, response, answer));
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.keepAliveTimeout = IDLE_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

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

async function respond(router: Router, options: ApiOptions, request: IncomingMessage): Promise<Answer> {
  const url = parseUrl(request.url);
  if (url === undefined) return failure(400, "Malformed address");
  try {
    const match = router.find(request.method ?? "GET", url.pathname);
    const { keys } = options;
    const needsKey = match?.route.isOpen !== true && options.needsKey();
    const { key, scope } = authorize({ request, query: url.searchParams, keys, needsKey });
    // Before the 404: what exists is nobody's business without a key.
    if (scope === undefined) return unauthorized;
    if (match === undefined) return failure(404, "Not found");
    const { route, params } = match;
    return await route.answer({
      params,
      query: url.searchParams,
      scope,
      key,
      body: () => readBody(request),
      stream: request,
    });
  } catch (error) {
    return answerError(error, options.log);
  }
}

/** Refusals are the caller's fault; all else is 503, which clients take as "try again" (compat 3). */
function answerError(error: unknown, log: Log): Answer {
  if (error instanceof BadBody) return failure(error.status, error.message);
  if (error instanceof HoldfastError && error.code === "supervisor.updates-locked") return failure(423, error.message);
  if (error instanceof HoldfastError && error.family === "refusal") return failure(400, error.message);
  log.error(`The device API failed: ${error instanceof HoldfastError ? error.message : stackOf(error)}`);
  return failure(503, messageOf(error));
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function parseUrl(path: string | undefined): URL | undefined {
  return URL.parse(path ?? "/", "http://device") ?? undefined;
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if ("start" in answer) {
    response.writeHead(answer.status, { "content-type": answer.contentType });
    response.flushHeaders();
    response.once("close", answer.start(response));
    return;
  }
  const isText = "text" in answer;
  const content = Buffer.from(isText ? answer.text : JSON.stringify(answer.json));
  // A body that nobody read (refused early) must not be taken for the next request.
  const close = request.complete ? {} : { connection: "close" };
  response.writeHead(answer.status, {
    "content-type": isText ? "text/html; charset=utf-8" : "application/json; charset=utf-8",
    "content-length": content.length,
    ...close,
  });
  response.end(content);
}
