import { createReadStream } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { request as secureRequest } from "node:https";
import { fileURLToPath } from "node:url";
import { archiveUri, defaultMirror, type Mirror } from "../../apt/mirror.ts";
import { relayHttp } from "./relay-http.ts";

export type MirrorProxy = AsyncDisposable & { readonly uri: string };

/**
 * The address that stands for one at Debian's public name on this machine's mirror; any other address is itself. Pure.
 */
export function mirroredUri(uri: string, mirror: Mirror): string {
  // Longest first: one public archive's address begins with the other's.
  for (const archive of ["debian-security", "debian"] as const) {
    const from = archiveUri(defaultMirror, archive);
    if (uri === from || uri.startsWith(`${from}/`)) return archiveUri(mirror, archive) + uri.slice(from.length);
  }
  return uri;
}

/**
 * A proxy on the loopback interface for builds on machines whose packages come from a mirror of their own: images name
 * Debian's public archive, builds get the mirror's files, and nothing of the mirror is left in an image. Only plain HTTP
 * passes through it.
 */
export async function startMirrorProxy(mirror: Mirror): Promise<MirrorProxy> {
  const server = createServer((incoming, outgoing) => {
    try {
      forward(new URL(mirroredUri(incoming.url ?? "", mirror)), incoming, outgoing, mirror);
    } catch {
      outgoing.writeHead(400).end("not a proxied address");
    }
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    uri: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function forward(target: URL, incoming: IncomingMessage, outgoing: ServerResponse, mirror: Mirror): void {
  if (target.protocol === "file:") {
    const file = createReadStream(fileURLToPath(target));
    file.once("open", () => outgoing.writeHead(200));
    file.once("error", () => outgoing.headersSent || outgoing.writeHead(404).end());
    file.pipe(outgoing);
    return;
  }
  const { host: _, "proxy-connection": __, ...headers } = incoming.headers;
  const upstream = target.protocol === "http:" ? mirror.proxies["http"] : undefined;
  const options = { method: incoming.method ?? "GET", headers: { ...headers, host: target.host }, agent: false };
  const start = target.protocol === "https:" ? secureRequest : request;
  const sent =
    upstream === undefined ? start(target, options) : request(new URL(upstream), { ...options, path: target.href });
  relayHttp(incoming, outgoing, sent);
}
