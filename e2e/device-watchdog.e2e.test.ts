import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import type { Device } from "./device/device.ts";
import { BOOT_PATIENCE } from "./device/device-lab.ts";

const LIMIT = 2 * BOOT_PATIENCE;
/** The shortest that the hardware bears; the board's own is too long to wait for. */
const SHORT_SECONDS = 10;
let device: Device;

beforeAll(async () => {
  device = await bootedDevice("e2e-watchdog");
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

const watchdog = async (attribute: string): Promise<string> =>
  await device.shell(`cat /sys/class/watchdog/watchdog0/${attribute}`);

describe("the hardware watchdog", () => {
  it("is kept alive by PID 1 with the board's seconds, from the initrd on", async () => {
    expect(await watchdog("identity")).toBe("iTCO_wdt");
    expect(await watchdog("state")).toBe("active");
    expect(await watchdog("timeout")).toBe("120");
    expect(await device.shell("systemctl show --property RuntimeWatchdogUSec,RebootWatchdogUSec --value")).toBe(
      "2min\n4min",
    );
    // The initrd's PID 1 says so before there is another root.
    const said = await device.shell("journalctl -b -o cat _PID=1 | grep -nE 'hardware watchdog|Switching root'");
    expect(said.split("\n")[0]).toContain("hardware watchdog 'iTCO_wdt'");
    expect(said).toContain("Switching root");
  });

  it("resets a device whose PID 1 no longer does anything", { timeout: LIMIT }, async () => {
    const former = await device.bootId();
    const manager = "org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager";
    await device.shell(`busctl set-property ${manager} RuntimeWatchdogUSec t ${SHORT_SECONDS}000000`);
    expect(await watchdog("timeout")).toBe(String(SHORT_SECONDS));
    await device.shell("echo 1 >/sys/fs/cgroup/init.scope/cgroup.freeze");
    await device.untilOtherBoot(former);
    expect(await watchdog("state")).toBe("active");
  });
});

describe("PID 1", () => {
  it("reboots when it crashes, instead of staying there without doing anything", { timeout: LIMIT }, async () => {
    const former = await device.bootId();
    await device.shell("kill -SEGV 1");
    await device.untilOtherBoot(former);
  });
});
