import { minutes } from "@holdfast/contracts";
import { waitForHttp } from "@holdfast/vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { bootedDevice } from "./device/booted-device.ts";
import { appContainers } from "./device/containers.ts";
import type { Device } from "./device/device.ts";
import { startTrial } from "./device/trial-container.ts";

const MIB = 1024 * 1024;
const PATIENCE = minutes(5);
const patiently = { timeout: PATIENCE, interval: 2_000 };
/**
 * Each write to a full ext4 waits for commits of its journal: without pauses, an app slows everybody's disk, full or not.
 * Takes nearly all at once, and then tries to write for ever: as root of a container, as most images are.
 */
const EATER = [
  "free=$(stat -f -c %a /eaten) && fallocate -l $(((free - 4096) * 4))K /eaten/most",
  "while :; do dd if=/dev/zero bs=64k count=16 2>/dev/null || sleep 2; done >>/eaten/rest",
].join("; ");
let device: Device;

beforeAll(async () => {
  device = await bootedDevice("e2e-disk-full");
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

/** Bytes that apps may write, and bytes that nobody has written. */
const room = async (): Promise<{ readonly forApps: number; readonly free: number }> => {
  const [apps = 0, free = 0, block = 0] = (await device.shell("stat -f -c '%a %f %S' /mnt/data"))
    .split(" ")
    .map(Number);
  return { forApps: apps * block, free: free * block };
};
const idOf = async (service: string): Promise<string> => (await appContainers(device)).get(service)?.id ?? "";
const statusOf = async (service: string): Promise<string> => (await appContainers(device)).get(service)?.status ?? "";
const untilAnswering = async (): Promise<Response> =>
  await waitForHttp(device.vm, "api", "/ping", { timeout: PATIENCE });

const serviceSchema = z.looseObject({ serviceName: z.string(), environment: z.record(z.string(), z.string()) });
const appSchema = z.looseObject({ services: z.record(z.string(), serviceSchema) });
const targetSchema = z.object({
  state: z.object({ local: z.looseObject({ apps: z.record(z.string(), appSchema) }) }),
});

/** Wants the sample with another variable of its publisher: another container. */
async function change(interval: string): Promise<void> {
  const { state } = targetSchema.parse(await device.api("/v2/local/target-state"));
  for (const { services } of Object.values(state.local.apps))
    for (const each of Object.values(services))
      if (each.serviceName === "publisher") each.environment["INTERVAL"] = interval;
  expect(await device.api("/v2/local/target-state", state)).toMatchObject({ status: "success" });
  const inForce = async (): Promise<boolean> =>
    (await appContainers(device)).get("publisher")?.env.includes(`INTERVAL=${interval}`) === true;
  await expect.poll(inForce, patiently).toBe(true);
  await expect.poll(() => statusOf("publisher"), patiently).toBe("running");
}

describe("a data partition that an app fills, and goes on filling", () => {
  it("holds blocks back, also since it has grown to the disk's end", async () => {
    const { forApps, free } = await room();
    // 64 MiB, and the kernel's own share.
    expect(free - forApps).toBeGreaterThanOrEqual(64 * MIB);
    expect(free - forApps).toBeLessThanOrEqual(81 * MIB);
    expect(await device.shell("grep ' /mnt/data ' /proc/mounts")).toMatch(/resuid=2000000000,resgid=2000000000/);
  });

  it("is full for apps, and for nobody else", async () => {
    await startTrial(device, "eater", EATER, "--volume eaten:/eaten");
    await expect.poll(async () => (await room()).forApps, patiently).toBe(0);
    await device.shell("sleep 20");
    expect((await room()).free).toBeGreaterThan(60 * MIB);
    expect(await device.shell("docker exec eater sh -c 'echo more >/eaten/more' 2>&1 || true")).toContain(
      "No space left",
    );
    const write =
      "const fs = process.getBuiltinModule('fs'); fs.writeFileSync('/data/written', 'x'); fs.rmSync('/data/written')";
    await device.shell(`docker exec balena_supervisor node -e "${write}"`);
  });

  it("has containers that stop, start and change at the supervisor's word", async () => {
    const app = z
      .object({ containers: z.array(z.object({ appId: z.int() })) })
      .parse(await device.api("/v2/state/status")).containers[0]?.appId;
    for (const verb of ["stop", "start", "restart"] as const) {
      const answer = await device.ask("POST", `/v2/applications/${app}/${verb}-service`, { serviceName: "web" });
      expect([verb, answer]).toEqual([verb, { status: 200, body: "OK" }]);
    }
    await expect.poll(() => statusOf("web"), patiently).toBe("running");
    const former = await idOf("publisher");
    await change("7");
    expect(await idOf("publisher")).not.toBe(former);
  });

  it("does not keep engine and supervisor from starting anew", async () => {
    await device.shell("systemctl restart --no-block balena balena-supervisor");
    await untilAnswering();
    await change("8");
    expect(await device.api("/v1/healthy")).toBe("OK");
    expect(await device.shell("systemctl --failed --no-legend --plain")).toBe("");
    expect((await room()).forApps).toBe(0);
    expect(await device.shell("docker inspect --format '{{.State.Running}}' eater")).toBe("true");
  });

  it("has room again as soon as the app's data goes", async () => {
    await device.shell("docker rm --force eater && docker volume rm eaten");
    expect((await room()).forApps).toBeGreaterThan(128 * MIB);
  });
});
