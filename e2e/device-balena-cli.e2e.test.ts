import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { repositoryRoot } from "@holdfast/cli";
import { minutes } from "@holdfast/contracts";
import { BASE_IMAGE_TAG, findMirror, type MirrorProxy, startMirrorProxy } from "@holdfast/image";
import { hostPort } from "@holdfast/vm";
import { pack } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BalenaCli, type CliSession } from "./balena-cli/balena-cli.ts";
import { FLEET, LOGIN, PlatformServer } from "./balena-cli/platform-server.ts";
import { bootedDevice } from "./device/booted-device.ts";
import type { Device } from "./device/device.ts";
import { baseImageArchive } from "./engine/import-base-image.ts";
import { answering, FleetServer, servicesBody } from "./fleet/fleet-server.ts";
import { CLIENT_CONFIG } from "./fleet/tunnel-server.ts";
import { DeviceAddress } from "./machine/device-address.ts";
import { TEST_MACHINE } from "./neighbour/tree-server.ts";

// The cases build on each other: a developer pushes the sample, works on it, and looks around on the device.
const scratch = mkdtempSync(join(tmpdir(), "holdfast-device-balena-cli-"));
const project = join(scratch, "telemetry");
const patiently = { timeout: minutes(3), interval: 1_000 };
/** Three times apt-get under emulation, side by side. */
const BUILD_PATIENCE = minutes(25);
let device: Device;
let mirror: MirrorProxy;
let address: DeviceAddress;
let cli: BalenaCli;
let session: CliSession | undefined;
const live = (): CliSession => session ?? expect.fail("no session of balena push is open");

beforeAll(async () => {
  cpSync(join(repositoryRoot, "examples/telemetry"), project, { recursive: true });
  device = await bootedDevice("e2e-balena-cli");
  mirror = await startMirrorProxy(await findMirror(process.env));
  await giveBaseImage();
  const [api, engine, ssh] = ["api", "engine", "ssh"].map((name) => hostPort(device.vm, name));
  address = await DeviceAddress.open({ 48484: api ?? 0, 2375: engine ?? 0, 22222: ssh ?? 0 });
  cli = await BalenaCli.prepare(scratch, [sshProgram()]);
});
afterAll(async () => {
  await session?.kill();
  await address?.stop();
  await mirror?.[Symbol.asyncDispose]();
  await device?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

async function engineCall(path: string, body: Buffer<ArrayBuffer>): Promise<void> {
  const headers = { "content-type": "application/x-tar" };
  const signal = AbortSignal.timeout(minutes(10));
  const answer = await fetch(device.url("engine", path), { method: "POST", headers, body, signal });
  const text = await answer.text();
  if (!answer.ok || text.includes('"error"')) throw new Error(`${path}: ${answer.status} ${text}`);
}

/** The device has no registry to get the sample's base from; packages for it come through this machine. */
async function giveBaseImage(): Promise<void> {
  await engineCall("/images/load?quiet=true", await baseImageArchive(scratch));
  const context = pack();
  const proxy = `Acquire::http::Proxy "http://${TEST_MACHINE}:${new URL(mirror.uri).port}";\n`;
  context.entry({ name: "Dockerfile" }, `FROM ${BASE_IMAGE_TAG}\nCOPY proxy /etc/apt/apt.conf.d/99proxy\n`);
  context.entry({ name: "proxy" }, `${proxy}Acquire::Languages "none";\n`);
  context.finalize();
  await engineCall(`/build?t=${BASE_IMAGE_TAG}`, Buffer.from(await buffer(context)));
}

/** A directory with an ssh for balena-cli, which looks for one on the machine: that of the tools tree. */
function sshProgram(): string {
  const folder = join(scratch, "programs");
  mkdirSync(folder);
  const words = device.lab.host.tools(["ssh", "-F", "none"]).map((word) => `'${word}'`);
  writeFileSync(join(folder, "ssh"), `#!/bin/sh\nPATH=/usr/bin:/bin exec ${words.join(" ")} "$@"\n`);
  chmodSync(join(folder, "ssh"), 0o755);
  return folder;
}

const page = async (): Promise<string> => await (await fetch(device.url("http", "/"))).text();

describe("the sample app, pushed by balena-cli", () => {
  it(
    "is built on the device, takes the place of what ran, and answers",
    async () => {
      session = cli.start(["push", address.ip, "--source", project]);
      await live().says(/Device state settled/, { patienceMs: BUILD_PATIENCE });
      const containers = await device.shell("docker ps --format '{{.Names}}'");
      for (const service of ["broker", "publisher", "web"])
        expect(containers).toMatch(new RegExp(`^${service}_\\d+_1_10ca12e1ea5e$`, "m"));
      await expect.poll(() => page().catch(() => ""), patiently).toContain("</html>");
    },
    BUILD_PATIENCE,
  );

  it("shows an edit of its page within seconds, without another build", async () => {
    const mark = live().mark();
    const file = join(project, "web/page/index.html");
    const edited = readFileSync(file, "utf8").replace("<body", "<!-- edited by hand --><body");
    await live().notices(() => writeFileSync(file, edited), "web");
    await expect.poll(() => page().catch(() => ""), patiently).toContain("edited by hand");
    expect(live().output().slice(mark)).not.toMatch(/Step \d/);
  });

  it("tells its lines, and what the supervisor does", async () => {
    await live().says(/\[Logs\] .*Started service 'web/);
    await device.shell("docker exec $(docker ps -qf name=web_) sh -c 'echo pumping >/proc/1/fd/1'");
    await live().says(/\[web\] pumping/);
    await live().interrupt();
    session = undefined;
  });

  it("gives shells: on the host, and in a service", async () => {
    const host = await cli.run(["device", "ssh", address.ip], { input: "hostname; exit\n" });
    expect([host.status, host.output]).toEqual([0, expect.stringContaining(await device.shell("hostname"))]);
    const web = await cli.run(["device", "ssh", address.ip, "web"], {
      input: "grep -c edited /srv/page/index.html; exit\n",
    });
    expect([web.status, web.output.trim()]).toEqual([0, expect.stringMatching(/^1$/m)]);
    const gone = await cli.run(["device", "ssh", address.ip, "absent"]);
    expect([gone.status, gone.output]).toEqual([1, expect.stringMatching(/Could not find a container.*[\s\S]*web/)]);
  });
});

/** A certificate that a tunnel's configuration can name; nobody answers at the tunnel's far end. */
function madeUpAuthority(): string {
  const [key, certificate] = [join(scratch, "ca.key"), join(scratch, "ca.crt")];
  const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=fleet", "-days", "30"];
  const [program, ...args] = device.lab.host.tools(["openssl", ...request, "-keyout", key, "-out", certificate]);
  execFileSync(program, args, { stdio: "ignore" });
  return readFileSync(certificate, "utf8");
}

describe("a fleet", () => {
  it("is joined and left by balena-cli", async () => {
    const deviceKey = await device.shell("jq -r .deviceApiKey /mnt/boot/config.json");
    const body = servicesBody({ config: CLIENT_CONFIG, ca: madeUpAuthority() });
    await using fleet = await FleetServer.start(
      answering(
        () => deviceKey,
        () => body,
      ),
    );
    const config = { apiEndpoint: `http://${fleet.host}`, deviceType: "generic-amd64", applicationId: 5, apiKey: "p" };
    await using platform = await PlatformServer.start(config);
    const env = { BALENARC_API_URL: platform.url };
    // What it says then is help for people; whether it worked shows in what follows.
    await cli.run(["login", "--token", LOGIN], { env });
    const joined = await cli.run(["join", address.ip, "--fleet", FLEET], { env });
    expect([joined.status, joined.output]).toEqual([0, expect.stringContaining("successfully joined")]);
    expect(await device.json("cat /mnt/boot/config.json")).toMatchObject(config);
    const left = await cli.run(["leave", address.ip], { env });
    expect([left.status, left.output]).toEqual([0, expect.stringContaining("successfully left")]);
    expect(await device.json("jq 'has(\"apiEndpoint\")' /mnt/boot/config.json")).toBe(false);
  });
});
