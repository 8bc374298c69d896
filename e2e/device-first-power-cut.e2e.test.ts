import { removeVm, waitForSsh } from "@holdfast/vm";
import { afterAll, describe, expect, it } from "vitest";
import { appContainers } from "./device/containers.ts";
import { Device } from "./device/device.ts";
import { BOOT_PATIENCE, coldStart, deviceLab } from "./device/device-lab.ts";

const NAME = "e2e-first-cut";

afterAll(async () => {
  await removeVm((await deviceLab()).host.home, NAME);
});

describe("a power cut during the first boot", () => {
  it("right after the images' import leaves a device that comes up with its app", {
    timeout: 4 * BOOT_PATIENCE,
  }, async () => {
    const lab = await deviceLab();
    const device = new Device(lab, await coldStart(lab, NAME));
    await waitForSsh(lab.host, device.vm, { timeout: BOOT_PATIENCE });
    // The archive goes as soon as its images are in the engine's store.
    const archive = async (): Promise<string> => await device.shell("ls /mnt/data/preload 2>/dev/null || true");
    await expect.poll(archive, { timeout: BOOT_PATIENCE, interval: 250 }).toBe("");
    await device.cutAndStart();
    await device.untilUp();
    const running = async (): Promise<string[]> =>
      [...(await appContainers(device))].map(([service, { status }]) => `${service} ${status}`).sort();
    const all = ["broker running", "publisher running", "web running"];
    await expect.poll(running, { timeout: BOOT_PATIENCE, interval: 3_000 }).toEqual(all);
  });
});
