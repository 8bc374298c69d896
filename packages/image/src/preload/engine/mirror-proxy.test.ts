import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, get, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defaultMirror } from "../../apt/mirror.ts";
import { mirroredUri, startMirrorProxy } from "./mirror-proxy.ts";

let server: Server;
let origin = "";
beforeEach(async () => {
  server = createServer((request, response) => {
    response.writeHead(request.url?.endsWith("gone") ? 404 : 200).end(`${request.headers.host} ${request.url}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

/** A request as apt sends it to its proxy. */
async function through(proxy: string, uri: string): Promise<[number | undefined, string]> {
  const { port, hostname } = new URL(proxy);
  return new Promise((resolve, reject) => {
    const options = { port, hostname, path: uri, headers: { host: new URL(uri).host }, agent: false };
    get(options, async (answer) => resolve([answer.statusCode, await text(answer)])).on("error", reject);
  });
}

describe("mirroredUri", () => {
  const mirror = { ...defaultMirror, debian: "https://m.test/d", security: "http://s.test/sec" };
  it.each([
    ["http://deb.debian.org/debian/dists/trixie/InRelease", "https://m.test/d/dists/trixie/InRelease"],
    ["http://deb.debian.org/debian-security/pool/x.deb", "http://s.test/sec/pool/x.deb"],
    ["http://deb.debian.org/debian-ports/x", "http://deb.debian.org/debian-ports/x"],
    ["http://example.test/debian/x", "http://example.test/debian/x"],
  ])("%s is %s", (uri, expected) => {
    expect(mirroredUri(uri, mirror)).toBe(expected);
  });
});

describe("startMirrorProxy", () => {
  it("gives the mirror's files for Debian's public name, and passes the rest on", async () => {
    await using proxy = await startMirrorProxy({ ...defaultMirror, debian: `${origin}/mirror` });
    const host = new URL(origin).host;
    expect(await through(proxy.uri, "http://deb.debian.org/debian/a.deb")).toEqual([200, `${host} /mirror/a.deb`]);
    expect(await through(proxy.uri, `${origin}/other`)).toEqual([200, `${host} /other`]);
    expect((await through(proxy.uri, "http://deb.debian.org/debian/gone"))[0]).toBe(404);
  });

  it("goes through the machine's own proxy", async () => {
    await using proxy = await startMirrorProxy({
      ...defaultMirror,
      debian: "http://far.test/d",
      proxies: { http: origin },
    });
    expect(await through(proxy.uri, "http://deb.debian.org/debian/x")).toEqual([200, "far.test http://far.test/d/x"]);
  });

  it("reads a mirror that is a directory, and answers when a server is away", async () => {
    const folder = await mkdtemp(join(tmpdir(), "mirror-"));
    await writeFile(join(folder, "x"), "content");
    const away = "http://127.0.0.1:9/d";
    await using proxy = await startMirrorProxy({
      ...defaultMirror,
      debian: pathToFileURL(folder).href,
      security: away,
    });
    expect(await through(proxy.uri, "http://deb.debian.org/debian/x")).toEqual([200, "content"]);
    expect((await through(proxy.uri, "http://deb.debian.org/debian/y"))[0]).toBe(404);
    expect((await through(proxy.uri, "http://deb.debian.org/debian-security/y"))[0]).toBe(502);
    await rm(folder, { recursive: true });
  });
});
