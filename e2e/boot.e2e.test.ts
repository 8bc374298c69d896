import { readFile } from "node:fs/promises";
import { removeVm } from "@holdfast/vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keepBooted } from "./device/booted-device.ts";
import { Device } from "./device/device.ts";
import { BOOT_PATIENCE, coldStart, deviceLab } from "./device/device-lab.ts";

const NAME = "e2e-boot";
/** Targets, and timers that fire just then, on a busy machine. */
const LAST_JOBS_SECONDS = 10;
let device: Device;

beforeAll(async () => {
  const lab = await deviceLab();
  device = new Device(lab, await coldStart(lab, NAME));
  await device.untilUp();
}, 2 * BOOT_PATIENCE);

afterAll(async () => {
  await removeVm(device.lab.host.home, NAME);
});

describe("the first boot of an image", () => {
  it("ends with everything started and nothing failed", async () => {
    const state = async (): Promise<string> => (await device.attempt("systemctl is-system-running")).stdout.trim();
    await expect.poll(state, { timeout: BOOT_PATIENCE, interval: 2_000 }).not.toBe("starting");
    expect(await device.shell("systemctl --failed --no-legend --plain")).toBe("");
    expect(await state()).toBe("running");
  });

  it("is over when the supervisor runs: nothing else is waited for", async () => {
    const at = async (unit: string, property: string): Promise<number> =>
      Number(await device.shell(`systemctl show ${unit} --value --property=${property}`)) / 1_000_000;
    const supervisor = await at("balena-supervisor.service", "ActiveEnterTimestampMonotonic");
    expect((await at("", "FinishTimestampMonotonic")) - supervisor).toBeLessThan(LAST_JOBS_SECONDS);
  });

  it("swept the engine's store beside the boot, for the engine's first start only", async () => {
    const mark = "/run/holdfast/engine-swept";
    expect(await device.shell(`stat --format=%s ${mark}`)).toBe("0");
    const finished = "systemctl show --value --property=ActiveEnterTimestampMonotonic holdfast-prepare-data.service";
    const started = "systemctl show --value --property=ExecMainStartTimestampMonotonic balena.service";
    expect(Number(await device.shell(finished))).toBeLessThan(Number(await device.shell(started)));
  });

  it("dropped no unit to break a cycle of orders", async () => {
    expect(await device.shell("journalctl -b -q -o cat --grep='ordering cycle' || true")).toBe("");
  });

  it("shows no emergency, panic or failure on the console, and a login at its end", async () => {
    const text = await readFile(device.vm.consoleLog, "latin1");
    expect(text).not.toMatch(/FAILED|Dependency failed|emergency mode|Kernel panic|Oops:/);
    expect(text).toMatch(/login:|root@/);
  });

  it("was started from the factory's boot entry, which counts no tries", async () => {
    expect(await device.shell("ls /mnt/boot/EFI/Linux")).toBe("holdfast-000001.efi");
    const entry = "/sys/firmware/efi/efivars/LoaderEntrySelected-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
    expect(await device.shell(`cat ${entry} | tail -c +5 | tr -d '\\000'`)).toBe("holdfast-000001.efi");
  });

  it("imported the preloaded images and gave their room back", async () => {
    expect(await device.shell("ls -A /mnt/data/preload 2>/dev/null || true")).toBe("");
    expect(await device.json("cat /mnt/data/apps.json")).toEqual({});
    expect(await device.json("cat /mnt/data/apps.json.preloaded")).toHaveProperty("apps");
  });

  it("is kept for the other device suites", async () => {
    await keepBooted(device);
    // It goes on after it was saved.
    expect(await device.shell("echo here")).toBe("here");
  });
});
