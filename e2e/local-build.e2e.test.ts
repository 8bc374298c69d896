import { createHash } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PrivateEngine } from "./engine/private-engine.ts";
import type { SupervisorProcess } from "./engine/supervisor-process.ts";
import { endScene, prepareScene } from "./engine/supervisor-scene.ts";

const scratch = mkdtempSync(join(tmpdir(), "holdfast-local-build-"));
let engine: PrivateEngine;
let supervisor: SupervisorProcess;

beforeAll(async () => {
  ({ engine, supervisor } = await prepareScene(scratch, ["test/app:1"]));
  await supervisor.start();
}, 60_000);
afterAll(() => endScene(scratch, [supervisor, engine]), 60_000);

const CHUNK = 1024 * 1024;
const digestOf = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");
const dockerfile = (...steps: string[]): Buffer => Buffer.from(["FROM test/app:1", ...steps].join("\n"));
type Files = Readonly<Record<string, Buffer>>;
type Built = { readonly sent: number; readonly lines: readonly Record<string, unknown>[] };

function piecesOf(content: Buffer): Buffer[] {
  const count = Math.ceil(content.length / CHUNK);
  return Array.from({ length: count }, (_, index) => content.subarray(index * CHUNK, (index + 1) * CHUNK));
}

/** What a client does: announces, sends what is missing, has it built. */
async function build(files: Files): Promise<Built> {
  const names = Object.keys(files).sort();
  const pieces = new Map(Object.values(files).flatMap((file) => piecesOf(file).map((one) => [digestOf(one), one])));
  const entries = names.map((path) => {
    const content = files[path] ?? Buffer.alloc(0);
    return { type: "file", path, mode: 0o644, mtime: 1, size: content.length, chunks: piecesOf(content).map(digestOf) };
  });
  const manifest = entries.map((entry) => JSON.stringify(entry)).join("\n");
  const announced = await post("contexts", manifest);
  const { context, missing } = JSON.parse(announced) as { context: string; missing: string[] };
  const tar = pack();
  for (const digest of missing) tar.entry({ name: digest }, pieces.get(digest) ?? Buffer.alloc(0));
  tar.finalize();
  const { received } = JSON.parse(await post("chunks", await buffer(tar))) as { received: number };
  const output = await post("builds", JSON.stringify({ context, service: "web", dockerfile: "Dockerfile" }));
  const lines = output.trim().split("\n");
  return { sent: received, lines: lines.map((line): Record<string, unknown> => JSON.parse(line)) };
}

async function post(name: string, body: string | Buffer): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${supervisor.port}/v3/local/${name}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : new Uint8Array(body),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${name}: ${answer.status} ${text}`);
  return text;
}

function targetWith(image: unknown): unknown {
  const command = ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done"];
  const web = {
    imageId: 1,
    serviceId: 1,
    serviceName: "web",
    image,
    running: true,
    environment: {},
    labels: {},
    command,
  };
  const app = {
    name: "localapp",
    commit: "10ca12e1ea5e",
    releaseId: "1",
    services: { "1": web },
    volumes: {},
    networks: {},
  };
  return { local: { config: {}, apps: { "1": app } } };
}
async function run(image: unknown): Promise<string | undefined> {
  expect((await supervisor.post("/v2/local/target-state", targetWith(image))).status).toBe(200);
  await supervisor.untilApplied("10ca12e1ea5e");
  return (await engine.client.containers()).get("web")?.Id;
}

const big = Buffer.alloc(3 * CHUNK + 7, "b");
const first = {
  Dockerfile: dockerfile("COPY big page /data/", "RUN test -s /data/page"),
  big,
  page: Buffer.from("one"),
};
let image: unknown;
let container: string | undefined;

describe("images built on the device", () => {
  it("are sent whole at first, built with classic output, and run", async () => {
    const { sent, lines } = await build(first);
    // The equal pieces of `big` travel once.
    expect(sent).toBe(first.Dockerfile.length + CHUNK + 7 + 3);
    expect(lines.map(({ line }) => line)).toContainEqual(expect.stringMatching(/^Step 2\/\d : COPY/));
    expect(lines.at(-1)).toMatchObject({ built: true });
    image = lines.at(-1)?.["image"];
    container = await run(image);
    expect(container).toBeDefined();
  });

  it("are neither sent nor built again when nothing changed, and no container is touched", async () => {
    expect(await build(first)).toEqual({ sent: 0, lines: [{ image, built: false }] });
    expect(await run(image)).toBe(container);
  });

  it("leave what runs alone when a build fails", async () => {
    const { lines } = await build({ ...first, Dockerfile: dockerfile("COPY big page /data/", "RUN exit 3") });
    expect(lines.at(-1)).toMatchObject({ error: { code: "supervisor.build-failed" } });
    await supervisor.untilApplied("10ca12e1ea5e");
    expect((await engine.client.containers()).get("web")).toMatchObject({ Id: container, State: "running" });
  });

  it("cost what changed", async () => {
    const { sent, lines } = await build({ ...first, page: Buffer.from("other") });
    expect(sent).toBe("other".length);
    expect(lines.at(-1)).toMatchObject({ built: true });
    expect(await run(lines.at(-1)?.["image"])).not.toBe(container);
  });

  it("are refused outside development mode", async () => {
    supervisor.setDevelopmentMode(false);
    await supervisor.until(async () => (await supervisor.get("/v2/version")).status === 401, "keys are asked for");
    await expect(post("contexts", "")).rejects.toThrow("401");
  });
});
