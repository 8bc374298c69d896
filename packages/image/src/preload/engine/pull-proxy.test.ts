import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startPullProxy } from "./pull-proxy.ts";

let folder = "";
let registry: Server;
let authority = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-pull-"));
  registry = createServer((incoming, answer) => answer.end(`${incoming.headers.host} ${incoming.url}`));
  await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
  const address = registry.address();
  authority = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
});
afterEach(async () => {
  registry.closeAllConnections();
  await new Promise((resolve) => registry.close(resolve));
  await rm(folder, { recursive: true });
});

const socketPath = () => join(folder, "pull.sock");

it("passes requests to a registry without TLS on", async () => {
  await using _ = await startPullProxy(socketPath());
  expect(await ask(`http://${authority}/v2/`)).toEqual([200, `${authority} /v2/`]);
});

it("opens tunnels, which end with it", async () => {
  let ended: Promise<void> | undefined;
  {
    await using _ = await startPullProxy(socketPath());
    const sent = request({ socketPath: socketPath(), method: "CONNECT", path: authority, agent: false }).end();
    const socket = await new Promise<NodeJS.ReadWriteStream>((resolve) =>
      sent.once("connect", (_answer, tunnel) => resolve(tunnel)),
    );
    socket.write(`GET /v2/ HTTP/1.1\r\nhost: ${authority}\r\n\r\n`);
    const answer = await new Promise<string>((resolve) => socket.once("data", (chunk) => resolve(String(chunk))));
    expect(answer).toMatch(new RegExp(`200 OK.*${authority} /v2/`, "s"));
    ended = new Promise((resolve) => socket.once("close", resolve));
  }
  await ended;
});

it("says that a registry does not answer, and what it cannot pass on", async () => {
  await using _ = await startPullProxy(socketPath());
  expect((await ask("http://127.0.0.1:1/v2/"))[0]).toBe(502);
  expect((await ask("/v2/"))[0]).toBe(400);
  const sent = request({ socketPath: socketPath(), method: "CONNECT", path: "127.0.0.1:1", agent: false }).end();
  const refused = await new Promise<IncomingMessage>((resolve) => sent.once("connect", resolve));
  expect([refused.statusCode, refused.statusMessage]).toEqual([502, "connect ECONNREFUSED 127.0.0.1:1"]);
});

/** A request as the engine sends it to its proxy. */
function ask(uri: string): Promise<[number | undefined, string]> {
  return new Promise((resolve, reject) => {
    const headers = { host: authority };
    request({ socketPath: socketPath(), path: uri, headers, agent: false }, async (answer) =>
      resolve([answer.statusCode, await text(answer)]),
    )
      .on("error", reject)
      .end();
  });
}
