import { minutes } from "@holdfast/contracts";
import { listVms } from "@holdfast/vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { bootedDevice } from "./device/booted-device.ts";
import { untilSays } from "./device/config-editor.ts";
import { appContainers } from "./device/containers.ts";
import type { Device } from "./device/device.ts";
import { BOOT_PATIENCE } from "./device/device-lab.ts";

// What the confined supervisor does to its host. The cases build on each other.
const UPDATE_MARK = "/mnt/state/rollback-health-breadcrumb";
const LIMIT = 2 * BOOT_PATIENCE;
const patiently = { timeout: minutes(4), interval: 1_000 };
const stateSchema = z.object({ containers: z.array(z.object({ appId: z.int() })) });
let device: Device;
let appId: number;

beforeAll(async () => {
  device = await bootedDevice("e2e-host-control");
  appId = stateSchema.parse(await device.api("/v2/state/status")).containers[0]?.appId ?? 0;
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

const idOf = async (service: string): Promise<string> => (await appContainers(device)).get(service)?.id ?? "";
const running = async (): Promise<string[]> =>
  [...(await appContainers(device))].flatMap(([service, { status }]) => (status === "running" ? [service] : [])).sort();
/** As an app takes its lock. */
const takeLock = async (): Promise<void> => {
  await device.shell(`docker exec ${await idOf("web")} touch /tmp/balena/updates.lock`);
};
const locked = () => `Lockfile exists for { appId: ${appId}, service: web }`;
const journal = async (body: object): Promise<string> => {
  const { status, body: lines } = await device.ask("POST", "/v2/journal-logs", body);
  expect([status, typeof lines]).toEqual([200, "string"]);
  return String(lines);
};

describe("the device's journal, asked of the supervisor", () => {
  it("has the lines of a unit, of a container, and of all", async () => {
    await device.shell("systemd-run --quiet --wait --unit=said-here echo a line of the host");
    await expect.poll(() => journal({ unit: "said-here", format: "cat" }), patiently).toContain("a line of the host\n");
    expect((await journal({ count: 3, format: "cat" })).trim().split("\n").length).toBeGreaterThan(0);
    const own = await journal({ containerId: await idOf("broker"), format: "json", count: 1 });
    expect(JSON.parse(own)).toMatchObject({ CONTAINER_ID_FULL: await idOf("broker") });
    expect(await journal({ since: "2000-13-41" })).toMatch(/parse/i);
  });

  it("is followed for as long as somebody reads", async () => {
    const reading = new AbortController();
    const { body } = await fetch(device.url("api", "/v2/journal-logs"), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ follow: true, count: 0, format: "cat" }),
      signal: reading.signal,
    });
    let heard = "";
    const hearing = (async () => {
      for await (const chunk of body ?? []) heard += Buffer.from(chunk).toString();
    })().catch(() => {});
    const readers = async (): Promise<string> =>
      await device.shell("pgrep --count --full 'journalctl.*--follow' || true");
    const before = await readers();
    const says = async (): Promise<string> => {
      await device.shell("systemd-run --quiet --wait echo said while somebody reads");
      return heard;
    };
    await expect.poll(says, patiently).toContain("said while somebody reads");
    reading.abort();
    await hearing;
    await expect.poll(readers, patiently).toBe(String(Number(before) - 1));
  });
});

describe("the host's name", () => {
  it("is changed while the device runs, and the apps with it", async () => {
    const before = await idOf("broker");
    expect(await device.ask("PATCH", "/v1/device/host-config", { network: { hostname: "controlled" } })).toEqual({
      status: 200,
      body: "OK",
    });
    await untilSays(device, "hostname; cat /etc/hostname", "controlled\ncontrolled");
    await untilSays(device, "jq -r .hostname /mnt/boot/config.json", "controlled");
    expect(await device.api("/v1/device/host-config")).toEqual({ network: { hostname: "controlled" } });
    expect(await idOf("broker")).toBe(before);
  });
});

describe("an app that holds its update lock", () => {
  it("keeps the device from going down, changing its name and losing its data", async () => {
    await takeLock();
    await device.shell(`docker exec ${await idOf("broker")} touch /var/lib/mosquitto/mine`);
    const boot = await device.bootId();
    const refused = { status: 423, body: { Data: "", Error: expect.stringContaining(locked()) } };
    expect(await device.ask("POST", "/v1/reboot", {})).toEqual(refused);
    expect(await device.ask("POST", "/v1/shutdown", {})).toEqual(refused);
    expect(await device.ask("PATCH", "/v1/device/host-config", { network: { hostname: "other" } })).toEqual({
      status: 423,
      body: expect.stringContaining(locked()),
    });
    expect(await device.ask("POST", "/v1/purge", { appId })).toMatchObject({ status: 423 });
    await device.shell("sleep 5");
    expect([await device.bootId(), await device.shell("hostname")]).toEqual([boot, "controlled"]);
    await device.shell(`docker exec ${await idOf("broker")} test -e /var/lib/mosquitto/mine`);
  });

  it("is overruled by force: its volumes are emptied, and it starts anew", async () => {
    const former = await idOf("broker");
    expect(await device.ask("POST", "/v1/purge", { appId, force: true })).toEqual({
      status: 200,
      body: { Data: "OK", Error: "" },
    });
    await expect.poll(running, patiently).toEqual(["broker", "publisher", "web"]);
    expect(await idOf("broker")).not.toBe(former);
    expect((await device.attempt(`docker exec ${await idOf("broker")} test -e /var/lib/mosquitto/mine`)).status).toBe(
      1,
    );
    await untilSays(device, "find /tmp/balena-supervisor/services -name '*updates.lock'", "");
  });
});

describe("an update of the OS that is not confirmed", () => {
  it("keeps the device from going down", async () => {
    await device.shell(`touch ${UPDATE_MARK}`);
    expect(await device.ask("POST", "/v1/reboot", {})).toEqual({
      status: 423,
      body: { Data: "", Error: expect.stringContaining("Waiting for Host OS update to finish") },
    });
    await device.shell(`rm ${UPDATE_MARK}`);
  });
});

describe("a reboot by the device API", () => {
  it("comes though an app holds its lock, when it is forced", { timeout: LIMIT }, async () => {
    await takeLock();
    const boot = await device.bootId();
    expect(await device.ask("POST", "/v1/reboot", { force: true })).toEqual({
      status: 202,
      body: { Data: "OK", Error: null },
    });
    await device.untilOtherBoot(boot);
    await device.untilUp();
    await expect.poll(running, patiently).toEqual(["broker", "publisher", "web"]);
  });
});

describe("a shutdown by the device API", () => {
  it("turns the device off", { timeout: minutes(6) }, async () => {
    expect(await device.ask("POST", "/v1/shutdown", {})).toEqual({ status: 202, body: { Data: "OK", Error: null } });
    const status = async (): Promise<string | undefined> =>
      (await listVms(device.lab.host.home)).find(({ name }) => name === device.vm.name)?.status;
    await expect.poll(status, { timeout: minutes(5), interval: 1_000 }).toBe("stopped");
  });
});
