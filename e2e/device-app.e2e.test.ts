import { minutes } from "@holdfast/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { bootedDevice } from "./device/booted-device.ts";
import { appContainers } from "./device/containers.ts";
import type { Device } from "./device/device.ts";
import { liveFigures } from "./device/live-figures.ts";

const PATIENCE = minutes(5);
const patiently = { timeout: PATIENCE, interval: 2_000 };
const SERVICES = ["broker", "publisher", "web"];
let device: Device;

beforeAll(async () => {
  device = await bootedDevice("e2e-app");
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

const states = async (): Promise<string[]> =>
  [...(await appContainers(device))].map(([service, { status, health }]) => `${service} ${status} ${health}`).sort();
const allHealthy = SERVICES.map((service) => `${service} running healthy`);
const idOf = async (service: string): Promise<string> => (await appContainers(device)).get(service)?.id ?? "";
const pageStatus = async (): Promise<number> => (await fetch(device.url("http", "/"))).status;
const appState = async (): Promise<unknown> =>
  z.object({ appState: z.string() }).parse(await device.api("/v2/state/status")).appState;

describe("the sample app", () => {
  it("runs three containers that are healthy", async () => {
    await expect.poll(states, patiently).toEqual(allHealthy);
    expect(await appState()).toBe("applied");
  });

  it("shows its page through the forwarded port, with figures that go on", async () => {
    const page = await fetch(device.url("http", "/"));
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("telemetry.js")]);
    const [, second, third] = await liveFigures(device, 3, PATIENCE);
    // The first one may be retained.
    expect(third?.uptime).toBeGreaterThan(second?.uptime ?? Number.POSITIVE_INFINITY);
  });

  it("keeps its named volume, in which the broker writes", async () => {
    const broker = (await appContainers(device)).get("broker");
    expect(broker?.volumes).toEqual([expect.stringMatching(/^\d+_broker-data:\/var\/lib\/mosquitto$/)]);
    const name = broker?.volumes[0]?.split(":")[0];
    expect(await device.shell("docker volume ls --quiet")).toContain(name);
  });

  it("comes back when a container's process is killed", async () => {
    const before = (await appContainers(device)).get("web");
    await device.shell(`kill -9 ${before?.pid}`);
    const again = async (): Promise<boolean> => {
      const web = (await appContainers(device)).get("web");
      return web?.status === "running" && web.pid !== before?.pid;
    };
    await expect.poll(again, patiently).toBe(true);
    await expect.poll(pageStatus, patiently).toBe(200);
  });

  it("comes back when a container is removed", async () => {
    const former = await idOf("web");
    await device.shell(`docker rm --force ${former}`);
    await expect.poll(() => idOf("web"), patiently).not.toMatch(new RegExp(`^(${former})?$`));
    await expect.poll(pageStatus, patiently).toBe(200);
    await expect.poll(appState, patiently).toBe("applied");
  });
});

const localService = z.looseObject({ serviceName: z.string(), environment: z.record(z.string(), z.string()) });
const localApp = z.looseObject({ services: z.record(z.string(), localService) });
const localState = z.object({
  state: z.object({ local: z.looseObject({ apps: z.record(z.string(), localApp) }) }),
});
type LocalState = z.output<typeof localState>["state"];

const target = async (): Promise<LocalState> => localState.parse(await device.api("/v2/local/target-state")).state;

function setVariable(state: LocalState, service: string, name: string, value: string): void {
  for (const app of Object.values(state.local.apps)) {
    for (const each of Object.values(app.services)) {
      if (each.serviceName === service) each.environment[name] = value;
    }
  }
}

describe("a local target state", () => {
  it("is taken as it was given, and applied", async () => {
    const given = await target();
    expect(await device.api("/v2/local/target-state", given)).toEqual({ status: "success", message: "OK" });
    await expect.poll(appState, patiently).toBe("applied");
    await expect.poll(states, patiently).toEqual(allHealthy);
    expect((await target()).local.apps).toEqual(given.local.apps);
  });

  it("with another variable replaces that service's container and touches no other", async () => {
    const before = await appContainers(device);
    const changed = await target();
    setVariable(changed, "publisher", "INTERVAL", "1");
    await device.api("/v2/local/target-state", changed);
    const interval = async (): Promise<string | undefined> =>
      (await appContainers(device)).get("publisher")?.env.find((variable) => variable.startsWith("INTERVAL="));
    await expect.poll(interval, patiently).toBe("INTERVAL=1");
    await expect.poll(appState, patiently).toBe("applied");
    const after = await appContainers(device);
    expect([...after.keys()].sort()).toEqual(SERVICES);
    expect(after.get("publisher")?.id).not.toBe(before.get("publisher")?.id);
    expect(after.get("broker")).toEqual(before.get("broker"));
    expect(after.get("web")?.id).toBe(before.get("web")?.id);
    expect((await liveFigures(device, 3, PATIENCE)).length).toBe(3);
  });

  it("that is wrong is refused with a reason, and changes nothing", async () => {
    const before = await target();
    expect(await device.api("/v2/local/target-state", { local: { apps: { "1": { services: 7 } } } })).toMatchObject({
      status: "failed",
      message: expect.stringContaining("services"),
    });
    expect(await target()).toEqual(before);
  });
});
