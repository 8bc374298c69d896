import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { BadVolumes, withBuildVolumes } from "./build-volumes.ts";
import { hijack } from "./hijack.ts";

/** Clients of balena's take an engine for one that they can talk to by this field of its version. */
const ENGINE_NAME = "balena-engine";
const VERSION_PATH = /^(?:\/v\d+\.\d+)?\/version$/;
/** The version of an engine is a few kilobytes. */
const MAX_VERSION_BYTES = 1024 * 1024;

/**
 * The engine's API over TCP for development mode: every request goes to the engine's socket as it is, streams and
 * hijacked connections (`attach`, `exec`) included; only `/version` gains `Engine: balena-engine`, and builds may have
 * `volumes`. Not yet listening.
 */
export function engineGateway(socketPath: string): Server {
  const server = createServer((asked, answer) => forward(socketPath, asked, answer));
  server.on("upgrade", (asked, client, head) => hijack(socketPath, asked, client, head));
  // A build or a followed log may be silent for hours.
  server.requestTimeout = 0;
  server.timeout = 0;
  return server;
}

function forward(socketPath: string, asked: IncomingMessage, answer: ServerResponse): void {
  const { method = "GET", url = "/", headers } = asked;
  const path = onwardPath(method, url, answer);
  if (path === undefined) return;
  const isVersion = method === "GET" && VERSION_PATH.test(url.split("?")[0] ?? "");
  const onward = request({ socketPath, method, path, headers }, (engine) => {
    if (isVersion && engine.statusCode === 200) {
      void nameEngine(engine, answer);
      return;
    }
    answer.writeHead(engine.statusCode ?? 502, engine.rawHeaders);
    // Headers of a stream that has nothing to say yet.
    answer.flushHeaders();
    engine.pipe(answer);
    engine.once("error", () => answer.destroy());
  });
  onward.once("error", (error) => refuse(answer, error));
  answer.once("close", () => onward.destroy());
  asked.pipe(onward);
}

/** What to ask of the engine; undefined once the client is told that it asked for something impossible. */
function onwardPath(method: string, url: string, answer: ServerResponse): string | undefined {
  try {
    return withBuildVolumes(method, url);
  } catch (thrown) {
    if (!(thrown instanceof BadVolumes)) throw thrown;
    answer.writeHead(400, { "content-type": "application/json", connection: "close" });
    answer.end(JSON.stringify({ message: thrown.message }));
    return undefined;
  }
}

function refuse(answer: ServerResponse, error: Error): void {
  if (answer.headersSent) {
    answer.destroy();
    return;
  }
  answer.writeHead(502, { "content-type": "application/json" });
  answer.end(JSON.stringify({ message: `The engine does not answer: ${error.message}` }));
}

async function nameEngine(engine: IncomingMessage, answer: ServerResponse): Promise<void> {
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of engine) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      if (size > MAX_VERSION_BYTES) throw new Error("its version is too long");
      chunks.push(bytes);
    }
    const version: unknown = JSON.parse(Buffer.concat(chunks).toString());
    const named = Buffer.from(JSON.stringify({ ...Object(version), Engine: ENGINE_NAME }));
    const { "content-length": _, "transfer-encoding": __, ...headers } = engine.headers;
    answer.writeHead(200, { ...headers, "content-length": named.length });
    answer.end(named);
  } catch (error) {
    refuse(answer, error instanceof Error ? error : new Error(String(error)));
  }
}
