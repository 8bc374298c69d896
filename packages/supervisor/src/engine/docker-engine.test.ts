import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { scratchDirectory } from "../testing/scratch.ts";
import { dockerEngine } from "./docker-engine.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function engineOf(handler: Handler) {
  const scratch = await scratchDirectory();
  const socket = join(scratch.path, "engine.sock");
  const server: Server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const engine = dockerEngine(socket);
  open.push(async () => {
    engine.close();
    server.closeAllConnections();
    server.close();
    await scratch[Symbol.asyncDispose]();
  });
  return engine;
}

const json = (response: ServerResponse, value: unknown, status = 200): void => {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
};

const LISTS: Readonly<Record<string, unknown>> = {
  "/v1.41/containers/json?all=true": [
    {
      Id: "1",
      Names: ["/web_2_3_abc"],
      Image: "img:1",
      ImageID: "sha256:1",
      Created: 5,
      State: "exited",
      Status: "Exited (137) 3 seconds ago",
      Labels: { "io.balena.supervised": "true", "io.balena.app-id": "7", "io.balena.service-name": "web" },
      HostConfig: { NetworkMode: "x_default" },
      NetworkSettings: { Networks: { x_default: {} } },
      Mounts: [{ Type: "volume", Name: "7_d" }, { Type: "bind" }],
    },
    {
      Id: "3",
      Names: ["/db"],
      Image: "img:1",
      ImageID: "sha256:1",
      Created: 5,
      State: "restarting",
      Status: "Restarting (3) 5 seconds ago",
      Labels: { "io.balena.supervised": "true" },
    },
    { Id: "2", Names: null, Image: "sup", ImageID: "sha256:2", Created: 5, State: "running", Labels: null },
  ],
  "/v1.41/networks": [{ Id: "n", Name: "x_default", Labels: {} }],
  "/v1.41/volumes": { Volumes: null },
  "/v1.41/images/json": [{ Id: "sha256:1", RepoTags: ["img:1", "<none>:<none>"], RepoDigests: null }],
};

describe("the engine's client", () => {
  it("sees containers of the supervisor and the images of others", async () => {
    const engine = await engineOf((request, response) => json(response, LISTS[request.url ?? ""]));
    const current = await engine.observe();
    expect(current.containers).toMatchObject([
      {
        id: "1",
        name: "web_2_3_abc",
        appId: 7,
        service: "web",
        state: "exited",
        exitCode: 137,
        hash: "",
        volumes: ["7_d"],
      },
      { id: "3", state: "restarting", exitCode: 3 },
    ]);
    expect(current.foreignImageIds).toEqual(["sha256:2"]);
    expect(current.images).toEqual([{ id: "sha256:1", references: ["img:1"] }]);
    expect(current.volumes).toEqual([]);
  });

  it("takes what is already so as done", async () => {
    const engine = await engineOf((request, response) => {
      response.writeHead(request.method === "POST" ? 304 : 404);
      response.end();
    });
    await engine.startContainer("x");
    await engine.stopContainer("x");
    await engine.removeContainer("x");
  });

  it("takes what is gone as neither restarted nor made of anything", async () => {
    const engine = await engineOf((_, response) => json(response, { message: "no such thing" }, 404));
    expect(await engine.restartsOf("x")).toBe(0);
    expect(await engine.layersOf("sha256:x")).toEqual([]);
    await engine.setRestartPolicy("x", "no");
    await expect(engine.restartContainer("x")).rejects.toThrow(/no such thing/);
  });

  it("reads how often a container was restarted, and an image's layers", async () => {
    const answers: Readonly<Record<string, unknown>> = {
      "/v1.41/containers/x/json": { RestartCount: 7 },
      "/v1.41/images/sha256%3Ax/json": { RootFS: { Layers: ["sha256:a", "sha256:b"] } },
    };
    const engine = await engineOf((request, response) => json(response, answers[request.url ?? ""]));
    expect(await engine.restartsOf("x")).toBe(7);
    expect(await engine.layersOf("sha256:x")).toEqual(["sha256:a", "sha256:b"]);
  });

  it("gives the engine's own reason for a refusal", async () => {
    const engine = await engineOf((_, response) => json(response, { message: "port is already allocated" }, 500));
    await expect(engine.startContainer("x")).rejects.toThrow(/port is already allocated.*500/);
  });

  it("fails a pull whose stream tells of an error, after it told of progress", async () => {
    const lines = [{ id: "a", status: "Already exists" }, { error: "no space left on device" }];
    const engine = await engineOf((_, response) =>
      response.end(lines.map((line) => JSON.stringify(line)).join("\r\n")),
    );
    const told: number[] = [];
    const pull = engine.pullImage("img:1", { onProgress: (percent) => told.push(percent) });
    await expect(pull).rejects.toThrow(/no space left/);
    expect(told).toEqual([100]);
  });

  it("says that the engine is away when nobody listens", async () => {
    await expect(dockerEngine("/nonexistent/engine.sock").observe()).rejects.toMatchObject({
      code: "supervisor.engine-unreachable",
    });
  });

  it("tells of the connection, then of events, and ends with the stream", async () => {
    const engine = await engineOf((_, response) => response.end('{"Action":"die","Actor":{"ID":"x"}}\nnonsense\n'));
    const seen: string[] = [];
    for await (const { action, containerId } of engine.events(new AbortController().signal))
      seen.push(`${action} ${containerId}`);
    expect(seen).toEqual(["connected ", "die x"]);
  });
});
