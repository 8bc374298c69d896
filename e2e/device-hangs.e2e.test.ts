import { minutes } from "@holdfast/contracts";
import { consoleEnd, stallDisk, waitForConsole } from "@holdfast/vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import { untilSays } from "./device/config-editor.ts";
import { appContainers, supervisorContainer } from "./device/containers.ts";
import type { Device } from "./device/device.ts";
import { BOOT_PATIENCE } from "./device/device-lab.ts";

const patiently = { timeout: minutes(4), interval: 1_000 };
let device: Device;

beforeAll(async () => {
  device = await bootedDevice("e2e-hangs");
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

const engine = async (): Promise<string> => await device.shell("systemctl show -P MainPID balena");
const containers = async (): Promise<number[]> => [
  (await supervisorContainer(device)).pid,
  ...[...(await appContainers(device)).values()].map(({ pid }) => pid),
];

/** Replaces the drop-in that tools make, and starts the engine anew with it. */
async function override(lines: string): Promise<void> {
  const dropIn = "/run/systemd/system/balena.service.d";
  await device.shell(`mkdir -p ${dropIn} && printf '[Service]\\n${lines}\\n' >${dropIn}/override.conf`);
  await device.shell("systemctl daemon-reload && systemctl restart balena");
}
const timeouts = async (): Promise<number> =>
  Number(await device.shell("journalctl -b -o cat -u balena | grep -c 'Watchdog timeout' || true"));

describe("an engine that hangs", () => {
  it("is started anew by the watchdog, and containers live on", { timeout: minutes(6) }, async () => {
    await override("WatchdogSec=15");
    expect(await device.shell("systemctl show -P WatchdogUSec balena")).toBe("15s");
    const [frozen, alive] = [await engine(), await containers()];
    await device.shell(`kill -STOP ${frozen}`);
    await expect.poll(engine, patiently).not.toMatch(new RegExp(`^(0|${frozen})$`));
    await untilSays(device, "docker version --format '{{.Server.Os}}'", "linux");
    expect(await containers()).toEqual(alive);
    expect(await timeouts()).toBe(1);
    // It finds what the former one mounted and joined: containers can be entered, stopped and removed.
    expect(await device.shell("docker exec balena_supervisor cat package.json")).toContain("version");
    const web = (await appContainers(device)).get("web")?.id ?? "";
    expect(await device.shell(`docker exec ${web} cat /proc/1/comm`)).toBe("nginx");
    await device.shell(`docker restart ${web}`);
    const page = async (): Promise<number> =>
      (await fetch(device.url("http", "/")).catch(() => undefined))?.status ?? 0;
    await expect.poll(page, patiently).toBe(200);
    await device.shell(`docker rm --force ${web}`);
    expect(await device.shell(`ls /var/lib/docker/containers | grep -c ${web} || true`)).toBe("0");
  });

  it("is judged by the check that tools put in the place of ours", { timeout: minutes(6) }, async () => {
    const before = await timeouts();
    await override("WatchdogSec=15\\nEnvironment=BALENAD_HEALTHDOG_HEALTHCHECK=/bin/false");
    await expect.poll(timeouts, patiently).toBeGreaterThan(before);
    await override("WatchdogSec=15\\nEnvironment=BALENAD_HEALTHDOG_HEALTHCHECK=/bin/true");
    const [judged, pid] = [await timeouts(), await engine()];
    await device.shell(`kill -STOP ${pid}; sleep 25; kill -CONT ${pid}`);
    expect([await timeouts(), await engine()]).toEqual([judged, pid]);
    await device.shell("rm -r /run/systemd/system/balena.service.d && systemctl daemon-reload");
    await device.shell("systemctl restart balena");
  });
});

describe("a disk that hangs", () => {
  it("makes the device reboot", { timeout: 2 * BOOT_PATIENCE }, async () => {
    expect(await device.shell("systemctl is-active disk-watchdogd.timer")).toBe("active");
    const dropIn = "/run/systemd/system/disk-watchdogd.service.d";
    await device.shell(
      `mkdir -p ${dropIn} && printf '[Service]\\nWatchdogSec=10\\nTimeoutStartSec=10\\n' >${dropIn}/test.conf`,
    );
    await device.shell("systemctl daemon-reload && systemctl start disk-watchdogd && sleep 15");
    // Fed: it stays the first.
    expect(await device.shell("systemctl show -P NRestarts disk-watchdogd")).toBe("0");
    const boot = await device.bootId();
    const from = await consoleEnd(device.vm);
    await stallDisk(device.vm, true);
    // The kernel says so; the firmware then waits for the disk, too.
    await waitForConsole(device.vm, "reboot: Restarting system", { from, timeout: minutes(5) });
    await stallDisk(device.vm, false);
    await device.untilUp();
    expect(await device.bootId()).not.toBe(boot);
  });
});
