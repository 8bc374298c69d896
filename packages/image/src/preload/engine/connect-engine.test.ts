import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { contentOf } from "../../tree/entry.ts";
import { connectEngine } from "./connect-engine.ts";
import { engineMessages } from "./engine-messages.ts";

let folder = "";
let server: Server;
let answers: Record<string, { status?: number; body: string }>;
let asked: { url: URL; body: string }[];
let socketPath = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "engine-"));
  socketPath = join(folder, "s");
  asked = [];
  answers = { "/version": { body: '{"Arch":"amd64"}' } };
  server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "", "http://engine");
    asked.push({ url, body: await text(request) });
    const answer = answers[url.pathname.replace("/v1.41", "")] ?? { status: 404, body: '{"message":"no such thing"}' };
    response.writeHead(answer.status ?? 200).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

const lines = (...messages: object[]): string => messages.map((message) => `${JSON.stringify(message)}\r\n`).join("");

describe("connectEngine", () => {
  it("builds with the classic builder and gives the id and the output", async () => {
    answers["/build"] = {
      body: lines({ stream: "Step 1/1 : FROM x\n" }, { aux: { ID: "sha256:1" } }, { stream: "\n" }),
    };
    const engine = await connectEngine({ socketPath }, { http_proxy: "http://p" });
    const output: string[] = [];
    const onLine = (line: string) => output.push(line);
    const id = await engine.build({ context: [contentOf("tar")], dockerfile: "D", args: { A: "1" }, onLine });
    expect([engine.architecture, id, output]).toEqual(["amd64", "sha256:1", ["Step 1/1 : FROM x"]]);
    const build = asked.at(-1);
    expect(build?.body).toBe("tar");
    expect(Object.fromEntries(build?.url.searchParams ?? [])).toMatchObject({
      version: "1",
      dockerfile: "D",
      buildargs: '{"http_proxy":"http://p","A":"1"}',
    });
  });

  it("fails a build with the engine's words and the last output", async () => {
    answers["/build"] = {
      body: lines({ stream: "\u001b[91mRUN false\n\u001b[0m" }, { error: "returned a non-zero code: 1" }),
    };
    const engine = await connectEngine({ socketPath });
    const failed = engine.build({ context: [], dockerfile: "D", args: {}, onLine: () => {} });
    await expect(failed).rejects.toMatchObject({ name: "BuildFailed", message: /non-zero/, lines: ["RUN false"] });
  });

  it("tells a missing image from a failing engine", async () => {
    const engine = await connectEngine({ socketPath });
    expect(await engine.find("gone:1")).toBeUndefined();
    answers["/images/x%3A1/json"] = { status: 500, body: "not json" };
    await expect(engine.find("x:1")).rejects.toThrow("status 500");
  });

  it("takes an error within a good answer for a failure", async () => {
    answers["/images/create"] = { body: lines({ status: "Pulling" }, { error: "no route to registry" }) };
    const engine = await connectEngine({ socketPath });
    await expect(engine.pull("a/b")).rejects.toThrow("no route");
    expect(asked.at(-1)?.url.searchParams.get("fromImage")).toBe("a/b:latest");
  });

  it("saves images to a file", async () => {
    answers["/images/get"] = { body: "tar of images" };
    const engine = await connectEngine({ socketPath });
    await engine.save(["sha256:1", "sha256:2"], join(folder, "saved"));
    expect(await readFile(join(folder, "saved"), "utf8")).toBe("tar of images");
    expect(asked.at(-1)?.url.searchParams.getAll("names")).toEqual(["sha256:1", "sha256:2"]);
  });

  it("says when nobody listens", async () => {
    await expect(connectEngine({ socketPath: join(folder, "none") })).rejects.toThrow("ENOENT");
  });
});

describe("engineMessages", () => {
  it("joins messages that were cut between chunks, within characters too", async () => {
    const bytes = Buffer.from(lines({ stream: "ä" }, { status: "b" }));
    const chunks = Array.from(bytes, (byte) => Buffer.from([byte]));
    const seen: unknown[] = [];
    for await (const message of engineMessages(Readable.from([...chunks, Buffer.from("plain text\n")])))
      seen.push(message);
    expect(seen).toEqual([{ stream: "ä" }, { status: "b" }]);
  });
});
