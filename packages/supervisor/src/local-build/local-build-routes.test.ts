import { createHash } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { ContextEntry } from "@holdfast/contracts";
import { extract, pack } from "tar-stream";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Router } from "../api/router.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { ChunkStore } from "./chunk-store.ts";
import { ContextStore } from "./context-store.ts";
import type { EngineBuild } from "./engine-builder.ts";
import { localBuildRoutes } from "./local-build-routes.ts";
import { LocalBuilds } from "./local-builds.ts";

const GIB = 2 ** 30;
const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");
const fileOf = (path: string, content: string, mtime = 5): ContextEntry => {
  return {
    type: "file",
    path,
    mode: 0o644,
    mtime,
    size: content.length,
    chunks: content === "" ? [] : [digestOf(content)],
  };
};

let scratch: Awaited<ReturnType<typeof scratchDirectory>>;
let free: number;
let isOpen: boolean;
let images: string[];
let output: unknown[];
/** What the engine was given to build from, each time. */
let built: Record<string, string>[];
let removed: string[];
let ask: (name: string, body: Readable | object) => Promise<{ status: number; json?: unknown; lines?: unknown[] }>;

async function readTar(context: Readable): Promise<Record<string, string>> {
  const members: Record<string, string> = {};
  const tar = extract();
  context.on("error", (error) => tar.destroy(error));
  context.pipe(tar);
  for await (const member of tar) {
    const { name, type, linkname } = member.header;
    const content = (await buffer(member)).toString();
    members[name] = type === "symlink" ? `-> ${linkname}` : content;
  }
  return members;
}

beforeEach(async () => {
  scratch = await scratchDirectory();
  [free, isOpen, images, output, built, removed] = [GIB * 4, true, [], [{ stream: "Step 1/1 : FROM x\n" }], [], []];
  const builds = new LocalBuilds({
    contexts: new ContextStore(join(scratch.path, "contexts")),
    chunks: new ChunkStore(join(scratch.path, "chunks"), { bytes: 10_000, count: 100 }),
    freeBytes: async () => free,
    engine: {
      hasImage: async (name) => images.includes(name),
      build: async function* ({ context, tag }: EngineBuild) {
        built.push(await readTar(context));
        yield* output;
        if (!output.some((one) => JSON.stringify(one).includes("error"))) images.push(tag);
      },
      namesWith: async () => images,
      removeName: async (name) => void removed.push(name),
      pruneCache: async () => void removed.push("cache"),
    },
  });
  const router = new Router(localBuildRoutes(builds, () => isOpen));
  ask = async (name, body) => {
    const match = router.find("POST", `/v3/local/${name}`);
    if (match === undefined) throw new Error("no such route");
    const stream = body instanceof Readable ? body : Readable.from([]);
    const request = { params: {}, query: new URLSearchParams(), scope: { type: "global" }, stream } as const;
    const answer = await match.route.answer({ ...request, body: async () => body });
    if (!("start" in answer)) return answer;
    const { PassThrough } = await import("node:stream");
    const client = new PassThrough();
    answer.start(client);
    const lines = (await buffer(client)).toString().trim().split("\n");
    return { status: answer.status, lines: lines.map((line): unknown => JSON.parse(line)) };
  };
});
afterEach(() => scratch[Symbol.asyncDispose]());

const manifest = (entries: readonly object[]): Readable =>
  Readable.from([Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""))]);

function chunks(contents: Readonly<Record<string, string>>): Readable {
  const tar = pack();
  for (const [name, content] of Object.entries(contents)) tar.entry({ name }, content);
  tar.finalize();
  return Readable.from(tar);
}

async function announce(entries: readonly ContextEntry[]): Promise<{ context: string; missing: string[] }> {
  const answer = await ask("contexts", manifest(entries));
  expect(answer.status).toBe(200);
  return answer.json as { context: string; missing: string[] };
}
const order = (context: string) => ({ context, service: "web", dockerfile: "Dockerfile" });

it("asks for what it lacks only, and builds from what came once", async () => {
  const tree: ContextEntry[] = [
    fileOf("Dockerfile", "FROM x"),
    fileOf("empty", ""),
    { type: "directory", path: "src", mode: 0o755 },
    fileOf("src/a", "one"),
    { type: "symlink", path: "src/b", target: "a" },
  ];
  const first = await announce(tree);
  expect(first.missing).toEqual([digestOf("FROM x"), digestOf("one")]);
  const sent = chunks({ [digestOf("FROM x")]: "FROM x", [digestOf("one")]: "one" });
  expect(await ask("chunks", sent)).toEqual({ status: 200, json: { received: 9 } });
  const { lines } = await ask("builds", order(first.context));
  expect(lines?.[0]).toEqual({ line: "Step 1/1 : FROM x" });
  expect(lines?.at(-1)).toMatchObject({ built: true, image: expect.stringMatching(/^local_image_web:[0-9a-f]{16}$/) });
  expect(built).toEqual([{ Dockerfile: "FROM x", empty: "", "src/": "", "src/a": "one", "src/b": "-> a" }]);

  const touched = await announce(tree.map((entry) => (entry.type === "file" ? { ...entry, mtime: 99 } : entry)));
  expect(touched).toEqual({ context: first.context, missing: [] });
  expect((await ask("builds", order(first.context))).lines).toEqual([{ ...(lines?.at(-1) as object), built: false }]);

  const changed = await announce(tree.map((entry) => (entry.path === "src/a" ? fileOf("src/a", "two") : entry)));
  expect(changed.missing).toEqual([digestOf("two")]);
  await ask("chunks", chunks({ [digestOf("two")]: "two" }));
  await ask("builds", order(changed.context));
  expect(built[1]).toMatchObject({ Dockerfile: "FROM x", "src/a": "two" });
  expect(removed).toEqual([images[0]]);
});

it.each([
  ["a way out", [fileOf("../a", "x")]],
  ["an absolute path", [fileOf("/a", "x")]],
  ["a path through a link", [{ type: "symlink", path: "l", target: "/etc" }, fileOf("l/passwd", "x")]],
  ["a path twice", [fileOf("a", "x"), fileOf("a", "x")]],
  ["another order", [fileOf("b", "x"), fileOf("a", "x")]],
  ["less than its size says", [{ ...fileOf("a", "x"), size: 5_000_000 }]],
  ["more than fits", [{ ...fileOf("a", "x"), size: 600_000_000 }]],
  ["a device", [{ type: "device", path: "a" }]],
])("refuses a list with %s", async (_, entries) => {
  expect(await ask("contexts", manifest(entries))).toMatchObject({
    status: 400,
    json: { code: "supervisor.invalid-context" },
  });
  expect(await readdir(join(scratch.path, "contexts"))).toEqual([]);
});

it("keeps nothing that is not what its name says", async () => {
  const wrong = { status: 400, json: { code: "supervisor.invalid-context" } };
  expect(await ask("chunks", chunks({ [digestOf("one")]: "two" }))).toMatchObject(wrong);
  expect(await ask("chunks", chunks({ "../../etc/passwd": "two" }))).toMatchObject(wrong);
  expect((await announce([fileOf("a", "one")])).missing).toEqual([digestOf("one")]);
});

it("finds what a power cut left of a chunk, and asks for it again", async () => {
  const { context } = await announce([fileOf("a", "one")]);
  await ask("chunks", chunks({ [digestOf("one")]: "one" }));
  await writeFile(join(scratch.path, "chunks", digestOf("one")), "\0\0\0");
  const { lines } = await ask("builds", order(context));
  expect(lines?.at(-1)).toMatchObject({ error: { code: "supervisor.context-incomplete" } });
  expect((await announce([fileOf("a", "one")])).missing).toEqual([digestOf("one")]);
});

it("gives the least recently sent up when the store is full", async () => {
  const big = Array.from({ length: 4 }, (_, index) => String(index).repeat(4000));
  for (const content of big) await ask("chunks", chunks({ [digestOf(content)]: content }));
  const kept = await readdir(join(scratch.path, "chunks"));
  expect(kept.length).toBe(2);
  expect(kept).toContain(digestOf(big[3] ?? ""));
});

it("passes a failing step on, and leaves names alone", async () => {
  const { context } = await announce([fileOf("a", "")]);
  output = [{ stream: "Step 1/2 : RUN false\n" }, { error: "The command 'false' returned a non-zero code: 1" }];
  expect((await ask("builds", order(context))).lines).toEqual([
    { line: "Step 1/2 : RUN false" },
    { error: { code: "supervisor.build-failed", message: "The command 'false' returned a non-zero code: 1" } },
  ]);
  expect(removed).toEqual([]);
});

it("clears the engine's cache when room is short, and refuses when there is none", async () => {
  const { context } = await announce([fileOf("a", "")]);
  free = GIB / 2;
  expect((await ask("builds", order(context))).lines?.at(-1)).toMatchObject({ built: true });
  expect(removed).toEqual(["cache"]);
  free = 10;
  const full = { status: 507, json: { code: "storage.insufficient-space" } };
  expect(await ask("contexts", manifest([fileOf("a", "new")]))).toMatchObject(full);
  expect(await ask("chunks", chunks({}))).toMatchObject(full);
});

it("is for development devices in local mode", async () => {
  isOpen = false;
  for (const name of ["contexts", "chunks", "builds"])
    expect(await ask(name, {})).toMatchObject({ status: 403, json: { code: "supervisor.no-local-builds" } });
});
