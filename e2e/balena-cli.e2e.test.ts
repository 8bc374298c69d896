import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BalenaCli, type CliSession } from "./balena-cli/balena-cli.ts";
import { secretScripts } from "./balena-cli/secret-scripts.ts";
import { deviceRuntime } from "./engine/device-runtime.ts";
import { importBaseImage } from "./engine/import-base-image.ts";
import { PrivateEngine } from "./engine/private-engine.ts";
import { SupervisorProcess } from "./engine/supervisor-process.ts";
import { endScene } from "./engine/supervisor-scene.ts";
import { QuickJs } from "./host/quickjs.ts";
import { DeviceAddress } from "./machine/device-address.ts";

// The cases build on each other: a developer pushes a project, works on it, and ends the session.
const SECRET = "swordfish-4711";
const scratch = mkdtempSync(join(tmpdir(), "holdfast-balena-cli-"));
const project = join(scratch, "project");
let host: QuickJs;
let engine: PrivateEngine;
let supervisor: SupervisorProcess;
let device: DeviceAddress;
let cli: BalenaCli;

beforeAll(async () => {
  host = await QuickJs.prepare();
  const runtime = await deviceRuntime(host, join(scratch, "supervisor/run/development"));
  engine = await PrivateEngine.start(join(scratch, "engine"), runtime);
  const base = await importBaseImage(engine, scratch);
  await buildImage("balena/amd64-balena-multibuild-scripts", secretScripts(base));
  supervisor = await SupervisorProcess.prepare(join(scratch, "supervisor"), engine.socket);
  await supervisor.start();
  device = await DeviceAddress.open({ 48484: supervisor.port, 2375: supervisor.gatewayPort });
  cli = await BalenaCli.prepare(scratch);
});
afterAll(async () => {
  await session?.interrupt();
  await endScene(scratch, [device, supervisor, engine]);
  await host?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

async function buildImage(tag: string, files: Readonly<Record<string, string>>): Promise<void> {
  const context = pack();
  for (const [name, text] of Object.entries(files)) context.entry({ name }, text);
  context.finalize();
  await engine.client.call("POST", `/build?t=${encodeURIComponent(tag)}`, await buffer(context));
  await engine.client.call("GET", `/images/${tag}/json`);
}

function write(files: Readonly<Record<string, string>>, folder = project): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text, { mode: 0o755 });
  }
}

/** Two stages, so that live push has to find the first one's image in the builder's output. */
const dockerfile = (more = ""): string => `FROM debian:trixie-slim AS built
WORKDIR /work
COPY message ./
RUN tr a-z A-Z <message >shouted

FROM debian:trixie-slim
COPY --from=built /work/shouted /srv/shouted
COPY say /srv/say
${more}CMD ["/srv/say"]
`;
const SAY = "#!/bin/sh\ntrap 'exit 0' TERM\nwhile true; do sleep 1 & wait $!; done\n";

/** Waits until it runs: balena-cli restarts a service by killing it. */
async function containerOf(service: string): Promise<string> {
  const find = async () => (await engine.client.containers()).get(service);
  await supervisor.until(async () => (await find())?.State === "running", `${service} runs`);
  return (await find())?.Id ?? "";
}

/** A file of a running container: the archive of one file is a header of 512 bytes and its content. */
async function fileOf(service: string, path: string): Promise<string> {
  const archive = await engine.client.call("GET", `/containers/${await containerOf(service)}/archive?path=${path}`);
  return String(archive).slice(512).replaceAll("\0", "").trim();
}

let session: CliSession | undefined;
const live = (): CliSession => session ?? expect.fail("no session of balena push is open");

describe("balena push", () => {
  it("builds a project of several services on the device and starts them", async () => {
    write({
      "docker-compose.yml":
        'version: "2.4"\nservices:\n  web: { build: ./web, tty: false }\n  other: { build: ./other, tty: false }\n',
      "web/Dockerfile": dockerfile(),
      "web/message": "first\n",
      "web/say": SAY,
      "other/Dockerfile.template":
        'FROM debian:trixie-slim\nCOPY say /srv/say\nENV MACHINE=%%BALENA_MACHINE_NAME%%\nCMD ["/srv/say"]\n',
      "other/say": SAY,
    });
    session = cli.start(["push", device.ip, "--source", project, "--env", "web:GREETING=hello"]);
    await live().says(/Device state settled/);
    await live().says(/Watching for file changes/);
    expect(live().output()).toMatch(/\[web\] {1,}Step 1\/\d+ : FROM debian:trixie-slim AS built/);
    expect(await fileOf("web", "/srv/shouted")).toBe("FIRST");
    const inspected = (await engine.client.call("GET", `/containers/${await containerOf("web")}/json`)) as {
      readonly Name: string;
      readonly Config: { readonly Env: readonly string[] };
    };
    expect(inspected.Name).toMatch(/^\/web_\d+_1_10ca12e1ea5e$/);
    expect(inspected.Config.Env).toContain("GREETING=hello");
    expect(await containerOf("other")).toBeDefined();
  });

  it("shows the lines of the services", async () => {
    supervisor.journal(await containerOf("web"), "the pump runs");
    await live().says(/\[web\] the pump runs/);
  });

  it("brings an edited file into the running container, through the stages that it goes through", async () => {
    const before = await containerOf("web");
    const mark = live().mark();
    await live().notices(() => write({ "web/message": "second\n" }), "web");
    await live().says(/Restarting service/, { from: mark });
    await expect.poll(() => fileOf("web", "/srv/shouted"), { timeout: 30_000 }).toBe("SECOND");
    expect(await containerOf("web")).toBe(before);
    expect(live().output().slice(mark)).not.toMatch(/error|fail/i);
    expect(live().output().slice(mark)).not.toMatch(/Step \d/);
  });

  it("builds a service anew when its Dockerfile is edited, and leaves the other one alone", async () => {
    const [web, other] = [await containerOf("web"), await containerOf("other")];
    const mark = live().mark();
    write({ "web/Dockerfile": dockerfile("ENV EDITED=1\n") });
    await live().says(/performing full rebuild of service web/, { from: mark });
    await expect.poll(() => containerOf("web"), { timeout: 60_000 }).not.toBe(web);
    expect(await containerOf("other")).toBe(other);
    expect(await fileOf("web", "/srv/shouted")).toBe("SECOND");
  });

  it("takes its containers of stages away when the session ends, and the services run on", async () => {
    const web = await containerOf("web");
    await live().interrupt();
    session = undefined;
    const all = (await engine.client.call("GET", "/containers/json?all=true")) as { readonly Id: string }[];
    expect(all).toHaveLength(2);
    expect(await containerOf("web")).toBe(web);
  });

  it("says what failed when a build fails, and what runs stays", async () => {
    const web = await containerOf("web");
    write({ "web/Dockerfile": dockerfile("RUN echo about to fail; exit 7\n") });
    const { status, output } = await cli.run(["push", device.ip, "--source", project, "--nolive", "--detached"]);
    expect([status, output]).toEqual([1, expect.stringMatching(/about to fail[\s\S]*non-zero code: 7/)]);
    expect(await containerOf("web")).toBe(web);
  });

  it("hands a build its secrets, of which nothing stays on the device", async () => {
    write({
      ".balena/balena.yml": "build-secrets:\n  services:\n    web:\n      - source: key.txt\n        dest: key\n",
      ".balena/secrets/key.txt": SECRET,
      "web/Dockerfile": dockerfile(
        `RUN read -r value </run/secrets/key || true; echo "a secret of \${#value} letters"\n`,
      ),
    });
    const { status, output } = await cli.run(["push", device.ip, "--source", project, "--nolive", "--detached"]);
    expect([status, output]).toEqual([0, expect.stringContaining(`a secret of ${SECRET.length} letters`)]);
    // The builder's own directory of the last step goes a moment later.
    await expect.poll(() => readdirSync(join(scratch, "engine/data/tmp"))).toEqual([]);
    expect(String(await engine.client.call("GET", "/images/local_image_web:latest/get"))).not.toContain(SECRET);
  });
});

describe("balena build", () => {
  it("builds on the device's engine, and touches nothing that runs", async () => {
    const web = await containerOf("web");
    const target = [
      "--dockerHost",
      device.ip,
      "--dockerPort",
      "2375",
      "--arch",
      "amd64",
      "--deviceType",
      "generic-amd64",
    ];
    const args = ["build", join(project, "other"), ...target, "--projectName", "alone", "--noparent-check"];
    const { status, output } = await cli.run(args);
    expect([status, output]).toEqual([0, expect.stringContaining("Build succeeded")]);
    expect(await engine.client.call("GET", "/images/alone_main:latest/json")).toMatchObject({ Architecture: "amd64" });
    expect(await containerOf("web")).toBe(web);
  });
});

describe("balena device logs", () => {
  it("follows the services' lines, of one service if asked", async () => {
    const logs = cli.start(["device", "logs", device.ip, "--service", "web", "--system"]);
    await logs.says(/Streaming logs/);
    supervisor.journal(await containerOf("other"), "not asked for");
    supervisor.journal(await containerOf("web"), "the valve is open");
    await logs.says(/\[web\] the valve is open/);
    expect(logs.output()).not.toContain("not asked for");
    await logs.kill();
  });
});
