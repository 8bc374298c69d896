import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { repositoryRoot } from "@holdfast/cli";
import { minutes } from "@holdfast/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { holdfast } from "./build/run-program.ts";
import { bootedDevice } from "./device/booted-device.ts";
import { appContainers } from "./device/containers.ts";
import type { Device } from "./device/device.ts";
import { liveFigures } from "./device/live-figures.ts";
import { Neighbour } from "./neighbour/neighbour.ts";
import { scanFromNeighbour } from "./neighbour/scan-from-neighbour.ts";

const NAME = "e2e-push";
const PATIENCE = minutes(5);
const patiently = { timeout: PATIENCE, interval: 1_000 };
let device: Device;
let project: string;

beforeAll(async () => {
  device = await bootedDevice(NAME);
  project = join(await mkdtemp(join(tmpdir(), "holdfast-device-push-")), "telemetry");
  await cp(join(repositoryRoot, "examples/telemetry"), project, { recursive: true });
  await startFromPreloaded();
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
  if (project !== undefined) await rm(join(project, ".."), { recursive: true });
});

const preloaded = z.object({
  state: z.object({
    local: z.object({
      apps: z.record(
        z.string(),
        z.object({ services: z.record(z.string(), z.object({ serviceName: z.string(), image: z.string() })) }),
      ),
    }),
  }),
});

/** The sample's Dockerfiles, with its packages taken from the preloaded images: this device reaches no registry. */
async function startFromPreloaded(): Promise<void> {
  const { state } = preloaded.parse(await device.api("/v2/local/target-state"));
  for (const { services } of Object.values(state.local.apps)) {
    for (const { serviceName, image } of Object.values(services)) {
      const file = join(project, serviceName, "Dockerfile");
      const text = await readFile(file, "utf8");
      await writeFile(file, text.replace(/^FROM [\s\S]*?(?=^COPY)/m, `FROM ${image}\n\n`));
    }
  }
}

const reportSchema = z.object({
  services: z.array(
    z.object({ name: z.string(), image: z.string(), sent: z.int(), size: z.int(), status: z.string() }),
  ),
});
const report = (line: string | undefined) => reportSchema.parse(JSON.parse(line ?? "null")).services;
const page = async (): Promise<string> => await (await fetch(device.url("http", "/"))).text();
const ids = async (): Promise<Record<string, string>> =>
  Object.fromEntries([...(await appContainers(device))].map(([service, { id }]) => [service, id]));

describe("holdfast push to a device", () => {
  it("builds the sample there and runs it in place of the preloaded app", async () => {
    const { status, stdout, stderr } = await holdfast(["push", NAME, project, "--json"]);
    expect(status, stderr).toBe(0);
    const services = report(stdout);
    expect(services).toMatchObject([
      { name: "broker", image: "built", status: "Running" },
      { name: "publisher", image: "built", status: "Running" },
      { name: "web", image: "built", status: "Running" },
    ]);
    for (const { sent, size } of services) expect(sent).toBe(size);
    expect(Object.keys(await ids()).sort()).toEqual(["broker", "publisher", "web"]);
    await expect.poll(page, patiently).toContain("telemetry.js");
    expect((await liveFigures(device, 2, PATIENCE)).length).toBe(2);
  });

  it("brings an edited page into the browser while it watches, and touches no other service", async () => {
    const before = await ids();
    const file = join(project, "web/page/index.html");
    const edited = (await readFile(file, "utf8")).replace("<title>Telemetry", "<title>Pump house");
    let waits = 0;
    let editing: Promise<void> | undefined;
    const { status, stdout } = await holdfast(["push", NAME, project, "--watch", "--json"], {
      onError: (text, pid) => {
        if (text.split("Waiting for changes").length - 1 === waits) return;
        waits += 1;
        if (waits === 1) editing = edit().finally(() => process.kill(pid, "SIGINT"));
      },
    });
    async function edit(): Promise<void> {
      await writeFile(file, edited);
      await expect.poll(() => page().catch(() => ""), { ...patiently, interval: 100 }).toContain("Pump house");
      await expect.poll(() => waits, patiently).toBe(2);
    }
    await editing;
    expect(status).toBe(130);
    const [first, second] = stdout.split("\n");
    expect(report(first).map(({ image, sent }) => [image, sent])).toEqual(Array(3).fill(["unchanged", 0]));
    expect(report(second).map(({ image, sent }) => [image, sent])).toEqual([
      ["unchanged", 0],
      ["unchanged", 0],
      ["built", Buffer.byteLength(edited)],
    ]);
    const { web, ...others } = await ids();
    expect(web).not.toBe(before["web"]);
    expect({ ...others, web: before["web"] }).toEqual(before);
  });

  it("opens a shell in a service", async () => {
    const { status, stdout } = await holdfast(["ssh", NAME, "web", "--", "grep title /srv/page/index.html"]);
    expect([status, stdout.trim()]).toEqual([0, "<title>Pump house</title>"]);
  });
});

describe("holdfast logs of a device", () => {
  it("shows what a service printed, each line as an object", async () => {
    const { status, stdout, stderr } = await holdfast(["logs", NAME, "--service", "broker", "--tail", "20", "--json"]);
    expect(status, stderr).toBe(0);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    expect(lines.length).toBeLessThanOrEqual(20);
    expect(lines).toContainEqual(
      expect.objectContaining({
        source: "broker",
        message: expect.stringMatching(/mosquitto|New (client|connection)/),
      }),
    );
  });

  it("goes on with what a service prints", async () => {
    const say = `docker exec ${(await ids())["web"]} sh -c 'echo the valve is open >/proc/1/fd/2'`;
    let isHeard = false;
    // Said again until it is heard: nobody knows from outside when the command listens.
    const sayAgain = async (): Promise<void> => {
      while (!isHeard) {
        await device.shell(say);
        await sleep(1_000);
      }
    };
    let saying: Promise<void> | undefined;
    const { status, stdout } = await holdfast(["logs", NAME, "--service", "web", "--tail", "5", "--follow"], {
      onStart: () => {
        saying = sayAgain();
      },
      onOutput: (text, pid) => {
        if (isHeard || !text.includes("the valve is open")) return;
        isHeard = true;
        process.kill(pid, "SIGINT");
      },
    });
    await saying;
    expect(status).toBe(130);
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} web \| the valve is open$/m);
  });

  it("shows the whole journal of the device", async () => {
    const { status, stdout } = await holdfast(["logs", NAME, "--system", "--tail", "200", "--json"]);
    const sources = stdout
      .trim()
      .split("\n")
      .map((line) => z.object({ source: z.string() }).parse(JSON.parse(line)).source);
    expect([status, sources.length]).toEqual([0, 200]);
    expect(new Set(sources)).toContain("balena_supervisor");
  });
});

describe("holdfast scan", () => {
  it("finds the device on a network by its announcement, with what its supervisor says of it", async () => {
    const lan = await Neighbour.join(device, { name: "lan", address: "192.0.2.2/24" });
    await device.shell(
      `nmcli connection add type ethernet ifname ${lan.link} con-name lan ipv4.method manual ipv4.addresses 192.0.2.1/24 && nmcli connection up lan`,
    );
    const name = await device.shell("hostname");
    const scan = () => scanFromNeighbour(device, lan, `${name}.local`);
    await expect.poll(scan, { timeout: PATIENCE, interval: 2_000 }).toEqual({
      devices: [
        {
          name,
          address: "192.0.2.1",
          type: "generic-amd64",
          os: expect.stringMatching(/\d+\.\d+\.\d+/),
          supervisor: expect.stringMatching(/^\d+\.\d+\.\d+/),
        },
      ],
      address: "192.0.2.1",
    });
  });
});
