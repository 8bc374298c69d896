import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pack } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deviceRuntime } from "./engine/device-runtime.ts";
import { PrivateEngine } from "./engine/private-engine.ts";
import { SupervisorProcess } from "./engine/supervisor-process.ts";
import { QuickJs } from "./host/quickjs.ts";

const SECRET = "swordfish-4711";
const scratch = mkdtempSync(join(tmpdir(), "holdfast-volumes-"));
const shared = join(scratch, "shared");
let host: QuickJs;
let engine: PrivateEngine;
let supervisor: SupervisorProcess;

beforeAll(async () => {
  mkdirSync(shared);
  host = await QuickJs.prepare();
  const runtime = await deviceRuntime(host, join(scratch, "supervisor/run/development"));
  engine = await PrivateEngine.start(join(scratch, "engine"), runtime);
  await engine.importShell(["test/app:1"]);
  supervisor = await SupervisorProcess.prepare(join(scratch, "supervisor"), engine.socket);
  await supervisor.start();
  await supervisor.until(async () => (await ask("/_ping")).ok, "the engine's port is open");
});

afterAll(async () => {
  await supervisor?.stop();
  await engine?.stop();
  await host?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

const ask = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${supervisor.gatewayPort}${path}`, init);

/** Builds through the engine's port as balena-cli asks for it, and gives what the builder prints. */
async function build(tag: string, steps: readonly string[], volumes?: readonly string[]): Promise<string> {
  const archive = pack();
  archive.entry({ name: "Dockerfile" }, ["FROM test/app:1", ...steps, ""].join("\n"));
  archive.finalize();
  const body: Buffer[] = [];
  for await (const chunk of archive) body.push(chunk as Buffer);
  const query = new URLSearchParams({ t: tag, forcerm: "true" });
  if (volumes !== undefined) query.set("volumes", JSON.stringify(volumes));
  const headers = { "content-type": "application/tar" };
  const answer = await ask(`/build?${query}`, { method: "POST", headers, body: Buffer.concat(body) });
  const messages = (await answer.text()).split("\n").filter((line) => line.trim() !== "");
  return messages
    .map((line): { stream?: string; error?: string; message?: string } => JSON.parse(line))
    .map(({ stream, error, message }) => stream ?? error ?? message ?? "")
    .join("");
}

const READ = `RUN read -r value </run/secrets/key; echo "a secret of \${#value} letters"`;

describe("build secrets", () => {
  it("gives the steps of a build directories of the device, for writing", async () => {
    const output = await build("fill:1", [`RUN echo ${SECRET} >${shared}/key`], [`${shared}:${shared}:rw`]);
    expect(output).toMatch(/Step 1\/2 : FROM test\/app:1\n ---> [0-9a-f]{12}\n.* ---> Running in [0-9a-f]{12}\n/s);
    expect(output).toContain("Successfully tagged fill:1");
    expect(readFileSync(join(shared, "key"), "utf8")).toBe(`${SECRET}\n`);
    await engine.client.call("DELETE", "/images/fill:1?force=true");
  });

  it("lets a step read a secret of which nothing stays in the image or its history", async () => {
    expect(await build("app:1", [READ], [`${shared}:/run/secrets:ro`])).toContain(`of ${SECRET.length} letters`);
    const archive = await engine.client.call("GET", "/images/app:1/get");
    expect(String(archive)).toContain("manifest.json");
    expect(String(archive)).not.toContain(SECRET);
    const history = JSON.stringify(await engine.client.call("GET", "/images/app:1/history"));
    expect(history).not.toMatch(/holdfast-build|swordfish/);
    const image = JSON.stringify(await engine.client.call("GET", "/images/app:1/json"));
    expect(image).not.toContain("holdfast-build");
  });

  it("takes the step from the cache the next time, whatever directory the secrets are in", async () => {
    mkdirSync(join(scratch, "other"));
    expect(await build("app:2", [READ], [`${join(scratch, "other")}:/run/secrets:ro`])).toContain("---> Using cache");
  });

  it("does not let a step change what is mounted for reading", async () => {
    const output = await build("app:3", ["RUN echo no >/run/secrets/key"], [`${shared}:/run/secrets:ro`]);
    expect(output).toMatch(/Read-only file system.*non-zero code: 2/s);
    expect(readFileSync(join(shared, "key"), "utf8")).toBe(`${SECRET}\n`);
  });

  it("fails a build whose mount is not there, and says so", async () => {
    const output = await build("app:4", ["RUN echo never seen >/data/out"], [`${shared}/gone:/run/secrets:ro`]);
    expect(output).toContain(`${shared}/gone`);
    expect(output).not.toContain("Successfully");
  });

  it("leaves builds without volumes as they are, and refuses volumes that it cannot read", async () => {
    expect(await build("app:5", ["RUN test -e /run/secrets/key || echo none here"])).toContain("none here");
    expect(await build("app:6", ["RUN true"], ["secrets:/run/secrets"])).toContain("/on/device:/in/container:ro");
  });
});
