import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { relayHttp } from "./relay-http.ts";

const HTTPS = 443;

/**
 * A proxy on a unix socket, for an engine whose own network leads nowhere: it pulls through this process's. Tunnels by
 * CONNECT and plain HTTP; whoever can open the socket can use it, so it belongs into a private directory.
 */
export async function startPullProxy(socketPath: string): Promise<AsyncDisposable> {
  const tunnels = new Set<Duplex>();
  const server = createServer(forward);
  server.on("connect", (incoming: IncomingMessage, client: Duplex) => {
    const target = targetOf(incoming.url ?? "");
    if (target === undefined) {
      client.end("HTTP/1.1 400 Bad Request\r\n\r\n");
      return;
    }
    const upstream = connect(target);
    // Whoever asked is told why: the engine shows these words.
    const refused = (cause: Error): void => void client.end(`HTTP/1.1 502 ${cause.message}\r\n\r\n`);
    upstream.once("error", refused).once("connect", () => {
      upstream.off("error", refused);
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      upstream.pipe(client).pipe(upstream);
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      tunnels.add(one);
      one.on("error", () => {});
      one.once("close", () => {
        tunnels.delete(one);
        if (!other.writableEnded) other.destroy();
      });
    }
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(socketPath, resolve));
  return {
    [Symbol.asyncDispose]: async () => {
      for (const tunnel of tunnels) tunnel.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** `host:port` of a CONNECT request, also with an IPv6 address in brackets. */
function targetOf(authority: string): { readonly host: string; readonly port: number } | undefined {
  try {
    const { hostname, port } = new URL(`https://${authority}`);
    return { host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? HTTPS : Number(port) };
  } catch {
    return undefined;
  }
}

/** A registry without TLS: the request's address is a whole one. */
function forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const target = URL.canParse(incoming.url ?? "") ? new URL(incoming.url ?? "") : undefined;
  if (target?.protocol !== "http:") {
    outgoing.writeHead(400).end("not a proxied address");
    return;
  }
  const { "proxy-connection": _, ...headers } = incoming.headers;
  relayHttp(incoming, outgoing, request(target, { method: incoming.method ?? "GET", headers, agent: false }));
}
