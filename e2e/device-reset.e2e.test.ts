import { waitForHttp, waitForSsh } from "@holdfast/vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import { appContainers } from "./device/containers.ts";
import type { Device } from "./device/device.ts";
import { BOOT_PATIENCE } from "./device/device-lab.ts";

const LIMIT = 2 * BOOT_PATIENCE;
const patiently = { timeout: BOOT_PATIENCE, interval: 3_000 };
let device: Device;

beforeAll(async () => {
  device = await bootedDevice("e2e-reset");
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

const systemState = async (): Promise<string> => (await device.attempt("systemctl is-system-running")).stdout.trim();
/** Reachable, with its supervisor, and nothing failed. */
async function untilManageable(): Promise<void> {
  await waitForSsh(device.lab.host, device.vm, { timeout: BOOT_PATIENCE });
  await waitForHttp(device.vm, "api", "/ping", { timeout: BOOT_PATIENCE });
  await expect.poll(systemState, patiently).toBe("running");
}
const there = async (paths: string): Promise<string> => await device.shell(`ls -d ${paths} 2>/dev/null || true`);

describe("a device whose markers are removed", () => {
  it("forgets its state, and keeps its apps, when it is the state's", { timeout: LIMIT }, async () => {
    const [id, key] = (await device.shell("cat /etc/machine-id /etc/ssh/hostkeys/*ed25519_key.pub")).split("\n");
    await device.shell("echo kept >/etc/openvpn/mine && echo kept >/mnt/data/resin-data/mine && sync");
    await device.shell("rm /mnt/state/remove_me_to_reset && sync");
    await device.reboot();
    await untilManageable();
    expect(await there("/etc/openvpn/mine /mnt/state/.root-overlay-to-remove")).toBe("");
    expect(await device.shell("cat /mnt/data/resin-data/mine")).toBe("kept");
    expect(await there("/mnt/state/remove_me_to_reset")).not.toBe("");
    const [otherId, otherKey] = (await device.shell("cat /etc/machine-id /etc/ssh/hostkeys/*ed25519_key.pub")).split(
      "\n",
    );
    expect(otherId).toMatch(/^[0-9a-f]{32}$/);
    expect(otherId).not.toBe(id);
    expect(otherKey).not.toBe(key);
    const services = async (): Promise<string[]> => [...(await appContainers(device)).keys()].sort();
    await expect.poll(services, patiently).toEqual(["broker", "publisher", "web"]);
  });

  it("forgets its apps, and comes back with its supervisor, when it is the data's", {
    timeout: 2 * LIMIT,
  }, async () => {
    const id = await device.shell("cat /etc/machine-id");
    await device.shell("echo kept >/etc/openvpn/mine && rm /mnt/data/remove_me_to_reset && sync");
    // As a power cut leaves it that came after the first of the steps.
    const discarded = "/mnt/data/.to-remove";
    await device.shell(
      `mkdir ${discarded} && mv /mnt/data/apps.json ${discarded}/ && cp -a /mnt/data/resin-data ${discarded}/ && sync`,
    );
    await device.cutAndStart();
    await untilManageable();
    expect(await there(`${discarded} /mnt/data/apps.json* /mnt/data/resin-data/mine`)).toBe("");
    expect((await appContainers(device)).size).toBe(0);
    expect(await device.shell("docker volume ls --quiet; docker ps --all --format '{{.Names}}'")).toBe(
      "balena_supervisor",
    );
    expect(await device.shell("cat /etc/machine-id /etc/openvpn/mine")).toBe(`${id}\nkept`);
    expect(await there("/mnt/data/remove_me_to_reset")).not.toBe("");
  });
});
