import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseSupervisorSigns } from "@holdfast/contracts/host";
import { nodeStart } from "@holdfast/supervisor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { supervisorSettings } from "../packages/host/src/config/areas/supervisor.ts";
import { supervisorContainer } from "../packages/host/src/supervisor/container-spec.ts";
import { importSupervisor } from "./engine/import-supervisor.ts";
import { PrivateEngine } from "./engine/private-engine.ts";

const scratch = mkdtempSync(join(tmpdir(), "holdfast-supervisor-container-"));
const device = join(scratch, "device");
const patiently = { timeout: 60_000, interval: 200 };
let engine: PrivateEngine;
let container: string;
let image: string;

/** The host's side of a mount, in the test's own folder; a private engine has no mounts to be a slave of. */
function asHere(bind: string): string {
  const [source = "", target, options = ""] = bind.split(":");
  const here = source.endsWith(".sock") ? engine.socket : join(device, source === "/" ? "root" : source);
  const rest = options.split(",").filter((option) => option !== "" && option !== "rslave");
  return [here, target, ...rest].join(":");
}

/** What confines it is as on a device; the log, the control group and the order of killing need a device. */
async function startContainer(): Promise<string> {
  const spec = supervisorContainer(
    { id: image, version: "1.2.3", slot: image },
    supervisorSettings({ listenPort: 80 }),
  );
  const { CgroupParent: _, LogConfig: __, OomScoreAdj: ___, ...host } = spec["HostConfig"] as Record<string, unknown>;
  const HostConfig = { ...host, Binds: (host["Binds"] as readonly string[]).map(asHere) };
  const { environment, flags } = nodeStart("/data");
  const run = {
    Cmd: ["/usr/bin/node", ...flags, "/usr/src/app/supervisor.js"],
    WorkingDir: "/usr/src/app",
    Env: [
      ...(spec["Env"] as readonly string[]),
      ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    ],
  };
  const { Id } = (await engine.client.call("POST", "/containers/create?name=balena_supervisor", {
    ...spec,
    ...run,
    HostConfig,
  })) as { readonly Id: string };
  await engine.client.call("POST", `/containers/${Id}/start`);
  return Id;
}

async function statusOf(id: string): Promise<string> {
  const { State } = (await engine.client.call("GET", `/containers/${id}/json`)) as { State: { Pid: number } };
  // The engine has processes of its own namespace: found here by what they run.
  expect(State.Pid).toBeGreaterThan(0);
  return await engine.client
    .call("POST", `/containers/${id}/exec`, {
      AttachStdout: true,
      Cmd: [
        "/usr/bin/node",
        "-e",
        [
          "const fs=require('node:fs')",
          "const status=fs.readFileSync('/proc/1/status','utf8').match(/^(CapBnd|CapEff|NoNewPrivs|Seccomp):.*/gm)",
          "let root='writable';try{fs.writeFileSync('/usr/src/app/x','')}catch(error){root=error.code}",
          "fs.writeFileSync('/tmp/balena-supervisor/status',[...status,root].join('\\n'))",
        ].join(";"),
      ],
    })
    .then(async (made) => {
      const exec = (made as { readonly Id: string }).Id;
      await engine.client.call("POST", `/exec/${exec}/start`, { Detach: true });
      const path = join(device, "tmp/balena-supervisor/status");
      await expect.poll(() => existsSync(path), patiently).toBe(true);
      return readFileSync(path, "utf8");
    });
}

beforeAll(async () => {
  engine = await PrivateEngine.start(join(scratch, "engine"));
  await engine.importShell(["test/app:1"]);
  image = await importSupervisor(engine);
  for (const folder of ["mnt/boot", "mnt/data/resin-data/balena-supervisor", "mnt/state", "tmp/balena-supervisor"])
    mkdirSync(join(device, folder), { recursive: true });
  for (const folder of ["run/dbus", "root/etc"]) mkdirSync(join(device, folder), { recursive: true });
  writeFileSync(join(device, "root/etc/os-release"), 'ID=holdfast\nVERSION="1"\n');
  writeFileSync(join(device, "mnt/boot/config.json"), '{"uuid":"0123456789abcdef0123456789abcdef"}');
  const service = { id: 1, image_id: 1, image: "test/app:1", composition: { command: ["sleep", "infinity"] } };
  const app = { id: 1, name: "app", releases: { c1: { id: 1, services: { one: service } } } };
  const apps = { "0123456789abcdef0123456789abcde0": app };
  writeFileSync(join(device, "mnt/data/apps.json"), JSON.stringify({ name: "device", config: {}, apps }));
  container = await startContainer();
}, 120_000);

afterAll(async () => {
  await engine?.stop();
  rmSync(scratch, { recursive: true, force: true });
}, 60_000);

describe("the supervisor in its container, on a real engine", () => {
  it("looks at the engine, on a port below 1024, and tells the host", async () => {
    const path = join(device, "tmp/balena-supervisor/supervisor-signs.json");
    const signs = () => parseSupervisorSigns(existsSync(path) ? readFileSync(path, "utf8") : undefined);
    await expect.poll(signs, patiently).toEqual({ id: image, hasLooked: true, server: "none" });
    const data = join(device, "mnt/data/resin-data/balena-supervisor");
    // The next start finds the program compiled.
    expect(existsSync(join(data, "compile-cache"))).toBe(true);
  });

  it("runs apps, with the directories of their update locks as they should be", async () => {
    const one = async () => (await engine.client.containers()).get("one")?.State;
    await expect.poll(one, patiently).toBe("running");
    expect(statSync(join(device, "tmp/balena-supervisor/services/1/one")).isDirectory()).toBe(true);
  });

  it("has no other capability, gains none, is filtered, and cannot write its own program", async () => {
    expect((await statusOf(container)).replaceAll("\t", " ").split("\n")).toEqual([
      "CapEff: 000000000004040b",
      "CapBnd: 000000000004040b",
      "NoNewPrivs: 1",
      "Seccomp: 2",
      "EROFS",
    ]);
  });
});
