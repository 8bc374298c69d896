import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import { appContainers } from "./device/containers.ts";
import type { Device } from "./device/device.ts";
import { BOOT_PATIENCE } from "./device/device-lab.ts";

const patiently = { timeout: BOOT_PATIENCE, interval: 3_000 };
const LIMIT = 3 * BOOT_PATIENCE;
let device: Device;

beforeAll(async () => {
  device = await bootedDevice("e2e-reboot");
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

/** What makes this device this one, whatever happens to it. */
const identity = async (): Promise<string> =>
  await device.shell(
    "cat /etc/machine-id /etc/hostname; hostname; cat /etc/ssh/hostkeys/*.pub; cat /proc/cmdline; ls /mnt/boot/EFI/Linux; blkid -o value -s PARTUUID /dev/vda*",
  );
const running = async (): Promise<string[]> =>
  [...(await appContainers(device))]
    .filter(([, { status }]) => status === "running")
    .map(([service]) => service)
    .sort();
const systemState = async (): Promise<string> => (await device.attempt("systemctl is-system-running")).stdout.trim();

async function expectSameDevice(before: string): Promise<void> {
  await device.untilUp();
  expect(await identity()).toBe(before);
  expect(await device.shell("cat /mnt/data/resin-data/marker /etc/openvpn/marker")).toBe("kept\nkept");
  await expect.poll(running, patiently).toEqual(["broker", "publisher", "web"]);
  await expect.poll(systemState, patiently).toBe("running");
}

describe("a device that restarts", () => {
  it("is the same device with the same app after a reboot", { timeout: LIMIT }, async () => {
    const mark = "for place in /mnt/data/resin-data /etc/openvpn /tmp; do echo kept >$place/marker; done; sync";
    await device.shell(mark);
    const before = await identity();
    expect(before).toContain("ssh-");
    expect(before).toContain("holdfast-000001.efi\n");
    await device.reboot();
    await expectSameDevice(before);
    expect(await device.shell("ls /tmp/marker 2>&1 || true")).toContain("No such file");
  });

  it("is the same device with the same app after its power was cut", { timeout: LIMIT }, async () => {
    const before = await identity();
    await device.cutAndStart();
    await expectSameDevice(before);
  });
});
