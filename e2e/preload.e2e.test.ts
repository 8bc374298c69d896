import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAppsJson } from "@holdfast/contracts";
import { cacheRoot, findMirror, type ToolsTree, toolsTree } from "@holdfast/image";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runProgram } from "./build/run-program.ts";
import { ordinaryUser } from "./machine/ordinary-user.ts";
import { type IsolatedEngine, startIsolatedEngine } from "./preload/isolated-engine.ts";
import { preloadFiles } from "./preload/preload-into.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

let tools: ToolsTree;
let folder = "";

beforeAll(async () => {
  tools = await toolsTree({ cache: cacheRoot(process.env), mirror: await findMirror(process.env) });
  // An ordinary user must be able to enter it.
  folder = await mkdtemp("/var/tmp/holdfast-preload-");
  await chmod(folder, 0o755);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Preloads a project with nothing in the cache, and gives what the data partition gets. */
const preload = (project: string, name: string) =>
  preloadFiles(project, { shared: cacheRoot(process.env), stages: join(folder, name) });

/** The same as an ordinary user, who reads the project and all else in a copy of this checkout. */
async function preloadAsUser(project: string): Promise<Record<string, Uint8Array>> {
  const user = await ordinaryUser(folder);
  const program = join(user.checkout, "e2e/preload/preload-into.ts");
  const args = [program, project, join(user.folder, "stages"), user.folder];
  const outcome = await runProgram(args, user);
  expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
  // Nothing that belongs to the user's other ids stays, which the user could not remove.
  expect(await readdir(join(user.folder, "stages/builder"))).toEqual([]);
  const files: Record<string, Uint8Array> = {};
  for (const path of ["apps.json", "preload/images.tar.zst"])
    files[path] = await readFile(join(user.folder, basename(path)));
  return files;
}

test("the sample preloads to the same bytes for root and for an ordinary user, and its three services work", async () => {
  const sample = join(root, "examples/telemetry");
  const first = await preload(sample, "first");
  const copy = join(folder, "elsewhere/telemetry");
  await cp(sample, copy, { recursive: true });
  const second = await preloadAsUser(copy);
  expect(Object.keys(second)).toEqual(Object.keys(first.files));
  for (const [path, bytes] of Object.entries(first.files)) {
    expect(Buffer.compare(bytes, second[path] ?? new Uint8Array()), path).toBe(0);
  }
  await using engine = await startIsolatedEngine(tools);
  const archive = join(folder, "images.tar.zst");
  await writeFile(archive, first.files["preload/images.tar.zst"] ?? new Uint8Array());
  await engine.docker("load", "--input", archive);
  const images = JSON.parse(await engine.docker("inspect", ...first.images.map(({ reference }) => reference)));
  expect(images.map(({ Id }: { Id: string }) => Id)).toEqual(first.images.map(({ id }) => id));
  expect(new Set(images.map(({ RootFS }: { RootFS: { Layers: string[] } }) => RootFS.Layers[0])).size).toBe(1);
  await runServices(engine, first.appsJson);
});

/** Starts the services as apps.json names them and asks each whether it does its work. */
async function runServices(engine: IsolatedEngine, appsJson: string): Promise<void> {
  const [app] = Object.values(parseAppsJson(JSON.parse(appsJson)).apps);
  const [release] = Object.values(app?.releases ?? {});
  await engine.docker("network", "create", "telemetry");
  for (const name of ["broker", "publisher", "web"]) {
    const image = release?.services[name]?.image ?? "";
    await engine.docker("run", "--detach", "--name", name, "--network", "telemetry", image);
  }
  const messages = await engine.docker("exec", "broker", ..."mosquitto_sub -t telemetry/host -R -C 2 -W 30".split(" "));
  for (const line of messages.trim().split("\n")) {
    expect(JSON.parse(line)).toMatchObject({
      cpu: { cores: expect.any(Number) },
      memory: { total: expect.any(Number) },
    });
  }
  // The base image was composed without package scripts; dpkg must not see a difference.
  expect(await engine.docker("exec", "web", "dpkg", "--audit")).toBe("");
  await engine.docker("exec", "web", "apt-get", "check");
  await engine.docker("exec", "web", "/usr/local/bin/answers");
  expect(await ask(engine, "GET / HTTP/1.0\\r\\n\\r\\n")).toMatch(/200 OK/);
  const upgrade =
    "Connection: Upgrade\\r\\nUpgrade: websocket\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGVzdA==";
  const handshake = `GET /mqtt HTTP/1.1\\r\\nHost: web\\r\\n${upgrade}\\r\\nSec-WebSocket-Protocol: mqtt\\r\\n\\r\\n`;
  expect(await ask(engine, handshake)).toMatch(/101 Switching/);
  const before = Date.now();
  await engine.docker("stop", "--time", "20", "web", "publisher", "broker");
  expect(Date.now() - before).toBeLessThan(10_000);
}

/** First line of what the page's server answers to a neighbour. */
async function ask(engine: IsolatedEngine, request: string): Promise<string> {
  const script = `exec 3<>/dev/tcp/web/80; printf '${request}' >&3; read -r -t 5 line <&3; echo "$line"`;
  return engine.docker("exec", "publisher", "bash", "-c", script);
}

test("a failing Dockerfile names the service and shows its output, and nothing is left running", async () => {
  const project = join(folder, "broken");
  await mkdir(join(project, "web"), { recursive: true });
  await writeFile(join(project, "docker-compose.yml"), "services:\n  web:\n    build: ./web\n");
  await writeFile(join(project, "web/Dockerfile"), "FROM debian:trixie-slim\nRUN echo about to fail; exit 7\n");
  await expect(preload(project, "broken-cache")).rejects.toMatchObject({
    code: "image.build-failed",
    message: expect.stringMatching(/service "web".*code: 7.*about to fail/s),
  });
  const processes = await readFile("/proc/self/mounts", "utf8");
  expect(processes).not.toContain(folder);
});

test("an image that no registry gives is refused with the reason, which the engine hears through its proxy", async () => {
  const project = join(folder, "nowhere");
  await mkdir(project, { recursive: true });
  await writeFile(join(project, "docker-compose.yml"), "services:\n  web:\n    image: registry.invalid/web:1\n");
  await expect(preload(project, "nowhere-cache")).rejects.toMatchObject({
    code: "image.unavailable-image",
    message: expect.stringMatching(/registry\.invalid.*ENOTFOUND|EAI_AGAIN/s),
  });
});
