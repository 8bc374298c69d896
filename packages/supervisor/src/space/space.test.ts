import { createServer, type RequestListener, type Server } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import type { Current } from "../engine/current.ts";
import { devicePlatform } from "./device-platform.ts";
import { imageContent } from "./image-content.ts";
import { bytesNeeded, ImageNeeds } from "./image-needs.ts";
import { registryAddress } from "./registry-address.ts";

const digestOf = (text: string): string => `sha256:${text.padEnd(64, "0")}`;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function registry(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

const DOCUMENTS: Readonly<Record<string, unknown>> = {
  "/v2/shop/web/manifests/1": {
    manifests: [
      { digest: digestOf("a1"), platform: { architecture: "arm64", os: "linux" } },
      { digest: digestOf("a2"), platform: { architecture: "amd64", os: "linux" } },
      { digest: digestOf("a3"), platform: { architecture: "unknown", os: "unknown" } },
    ],
  },
  [`/v2/shop/web/manifests/${digestOf("a2")}`]: {
    config: { digest: digestOf("c") },
    layers: [
      { size: 1000, mediaType: "application/vnd.oci.image.layer.v1.tar+gzip" },
      { size: 50, mediaType: "application/vnd.oci.image.layer.v1.tar" },
    ],
  },
  [`/v2/shop/web/blobs/${digestOf("c")}`]: {
    architecture: "amd64",
    rootfs: { diff_ids: [digestOf("d1"), digestOf("d2")] },
  },
};

const serve: RequestListener = (request, response) => {
  const found = DOCUMENTS[request.url ?? ""];
  response.writeHead(found === undefined ? 404 : 200).end(JSON.stringify(found ?? {}));
};

const content = {
  architecture: "amd64",
  layers: [
    { diffId: digestOf("d1"), bytes: 1000, isCompressed: true },
    { diffId: digestOf("d2"), bytes: 50, isCompressed: false },
  ],
};

describe("a registry", () => {
  it("tells what an image consists of, for the device's platform", async () => {
    const host = await registry(serve);
    expect(await imageContent(`${host}/shop/web:1`, devicePlatform("x64"))).toEqual({
      ...content,
      id: digestOf("c"),
      labels: {},
    });
    await expect(imageContent(`${host}/shop/web:1`, { architecture: "riscv64" })).rejects.toMatchObject({
      code: "supervisor.wrong-architecture",
    });
    await expect(imageContent(`${host}/shop/none:1`, devicePlatform("x64"))).rejects.toThrow(/404/);
  });

  it("is asked with a token when it wants one", async () => {
    const asked: string[] = [];
    const host = await registry((request, response) => {
      asked.push(`${request.url} ${request.headers.authorization ?? "-"}`.slice(0, 60));
      if (request.url?.startsWith("/token") === true) response.end('{"token":"t"}');
      else if (request.headers.authorization === "Bearer t") serve(request, response);
      else {
        const realm = `Bearer realm="http://${request.headers.host}/token",service="s",scope="repository:shop/web:pull"`;
        response.writeHead(401, { "www-authenticate": realm }).end();
      }
    });
    expect(await imageContent(`${host}/shop/web:1`, devicePlatform("x64"))).toMatchObject(content);
    expect(asked[1]).toMatch(/^\/token\?service=s&scope=repository/);
    expect(asked.filter((line) => line.startsWith("/token"))).toHaveLength(1);
  });

  it("is told who the device is only where a login is given for it", async () => {
    const seen = new Set<string>();
    const host = await registry((request, response) => {
      const { authorization = "-" } = request.headers;
      if (request.url?.startsWith("/token") === true) {
        seen.add(authorization);
        response.end('{"access_token":"t"}');
      } else if (authorization === "Bearer t") serve(request, response);
      else response.writeHead(401, { "www-authenticate": `Bearer realm="http://${request.headers.host}/token"` }).end();
    });
    await imageContent(`${host}/shop/web:1`, devicePlatform("x64"));
    await imageContent(`${host}/shop/web:1`, devicePlatform("x64"), { username: "d_1", password: "key" });
    expect([...seen]).toEqual(["-", `Basic ${btoa("d_1:key")}`]);
  });

  it("may send to another server for its documents, which is not told the token", async () => {
    const seen: string[] = [];
    const store = await registry((request, response) => {
      seen.push(request.headers.authorization ?? "-");
      serve(request, response);
    });
    const host = await registry((request, response) => {
      if (request.url?.startsWith("/token") === true) response.end('{"token":"t"}');
      else if (request.headers.authorization === undefined)
        response.writeHead(401, { "www-authenticate": `Bearer realm="http://${request.headers.host}/token"` }).end();
      else if (request.url?.includes("/blobs/") === true)
        response.writeHead(307, { location: `http://${store}${request.url}` }).end();
      else serve(request, response);
    });
    expect(await imageContent(`${host}/shop/web:1`, devicePlatform("x64"))).toMatchObject(content);
    expect(seen).toEqual(["-"]);
  });

  it("is given up when it sends in circles", async () => {
    const host = await registry((request, response) => response.writeHead(302, { location: request.url ?? "" }).end());
    await expect(imageContent(`${host}/shop/web:1`, devicePlatform("x64"))).rejects.toThrow(/without end/);
  });

  it.each([
    ["web", "https://index.docker.io/v2/library/web", "latest"],
    ["shop/web:1", "https://index.docker.io/v2/shop/web", "1"],
    ["reg.test/shop/web:1", "https://reg.test/v2/shop/web", "1"],
    ["localhost:5000/web:1", "http://localhost:5000/v2/web", "1"],
    [`reg.test:8443/web@${digestOf("a")}`, "https://reg.test:8443/v2/web", digestOf("a")],
  ])("is found for %s", (reference, base, tag) => {
    expect(registryAddress(reference)).toMatchObject({ base, tag });
  });
});

describe("what images need", () => {
  const current = { containers: [], networks: [], volumes: [], foreignImageIds: [] };
  const onDevice: Current = { ...current, images: [{ id: "i", references: ["old:1"] }] };
  const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

  it("is counted above the layers that some image on the device shares", () => {
    expect(bytesNeeded(content.layers, [])).toBe(3100);
    expect(bytesNeeded(content.layers, [["x"], [digestOf("d1"), "x"]])).toBe(100);
    expect(bytesNeeded(content.layers, [[digestOf("d2")]])).toBe(3100);
    expect(bytesNeeded(content.layers, [[digestOf("d1"), digestOf("d2"), "x"]])).toBe(0);
  });

  function needsOf(contentOf: () => Promise<typeof content>, architecture = "amd64") {
    const calls = { asked: 0, changed: 0 };
    let now = 0;
    const needs = new ImageNeeds({
      contentOf: () => {
        calls.asked += 1;
        return contentOf();
      },
      layersOf: async () => [digestOf("d1")],
      architecture,
      monotonic: () => now,
      changed: () => {
        calls.changed += 1;
      },
    });
    return { needs, calls, pass: (ms: number) => (now += ms) };
  }

  it("is asked for once, in the background", async () => {
    const { needs, calls } = needsOf(async () => content);
    expect((await needs.needs(["a:1"], onDevice)).get("a:1")).toEqual({ kind: "asking" });
    await settle();
    expect((await needs.needs(["a:1"], onDevice)).get("a:1")).toEqual({ kind: "bytes", bytes: 100 });
    expect(calls).toEqual({ asked: 1, changed: 1 });
  });

  it("is asked of a few registries at a time", async () => {
    const { needs, calls } = needsOf(async () => content);
    const many = Array.from({ length: 10 }, (_, at) => `a:${at}`);
    expect([...(await needs.needs(many, onDevice)).values()].every(({ kind }) => kind === "asking")).toBe(true);
    expect(calls.asked).toBe(4);
    for (let round = 0; round < 3; round += 1) {
      await settle();
      await needs.needs(many, onDevice);
    }
    expect([...(await needs.needs(many, onDevice)).values()].every(({ kind }) => kind === "bytes")).toBe(true);
  });

  it("stays unknown when the registry does not say, which is not asked again at once", async () => {
    const { needs, calls, pass } = needsOf(() => Promise.reject(new Error("no network")));
    await needs.needs(["a:1"], onDevice);
    await settle();
    expect(await needs.needs(["a:1", "b:1"], onDevice)).toEqual(new Map());
    expect(calls.asked).toBe(1);
    pass(600_000);
    expect((await needs.needs(["a:1"], onDevice)).get("a:1")).toEqual({ kind: "asking" });
  });

  it("is a refusal for another processor, but not for the device's own or its predecessor", async () => {
    for (const [image, device, kind] of [
      ["amd64", "arm64", "refused"],
      ["amd64", "386", "refused"],
      ["386", "amd64", "bytes"],
      ["arm", "arm64", "bytes"],
    ] as const) {
      const { needs } = needsOf(async () => ({ ...content, architecture: image }), device);
      await needs.needs(["a:1"], onDevice);
      await settle();
      expect((await needs.needs(["a:1"], onDevice)).get("a:1")?.kind).toBe(kind);
    }
  });
});
