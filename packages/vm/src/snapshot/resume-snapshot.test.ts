import { existsSync } from "node:fs";
import { readdir, readFile, utimes } from "node:fs/promises";
import { join } from "node:path";
import { mib } from "@holdfast/contracts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { VmHost } from "../host.ts";
import { findVm, listVms, removeVm } from "../lifecycle/find-vm.ts";
import { startVm } from "../lifecycle/start-vm.ts";
import { cutPower } from "../lifecycle/stop-vm.ts";
import type { VmSpec } from "../spec.ts";
import { type FakeHost, fakeHost } from "../testing/fake-host.ts";
import { resumeSnapshot } from "./resume-snapshot.ts";
import { saveSnapshot } from "./save-snapshot.ts";
import { findSnapshot, writeSnapshot } from "./snapshot-record.ts";

let fake: FakeHost;
let host: VmHost;
let spec: VmSpec;
beforeEach(async () => {
  fake = await fakeHost();
  ({ host, spec } = fake);
});
afterEach(() => fake[Symbol.asyncDispose]());

const told = async (socket: string) => (await readFile(`${socket}.told`, "utf8")).trim().split("\n");
const snapshots = () => readdir(join(host.home, ".snapshots"));

describe("saveSnapshot", () => {
  it("freezes the disks while the device is stopped, saves its memory, and lets it go on", async () => {
    const vm = await startVm(host, { ...spec, extraDisks: [{ size: mib(1) }] });
    const snapshot = await saveSnapshot(vm, "booted");
    const words = (await told(vm.qmpSocket)).filter((word) => !/capabilities|parameters/.test(word));
    expect(words).toEqual(["stop", "transaction", "migrate", "query-migrate", "cont"]);
    expect(snapshot.drives.map(({ id }) => id)).toEqual(["vars", "disk0", "disk1"]);
    for (const { file } of snapshot.drives) expect(await readFile(file, "utf8")).toMatch(/^(create|convert) /);
    expect(await readFile(snapshot.state, "utf8")).toBe("made by QEMU");
  });

  it("lets the device continue in new files, also after a restart, and leaves the snapshot's alone", async () => {
    const vm = await startVm(host, spec);
    const snapshot = await saveSnapshot(vm, "booted");
    const continued = (await findVm(host.home, vm.name)).drives;
    expect(continued.map(({ file }) => file)).not.toEqual(vm.drives.map(({ file }) => file));
    await cutPower(vm);
    expect((await startVm(host, spec)).drives).toEqual(continued);
    await removeVm(host.home, vm.name);
    for (const { file } of snapshot.drives) expect(existsSync(file)).toBe(true);
  });

  it("lets the device go on when its state cannot be saved, and leaves no snapshot", async () => {
    const vm = await startVm(host, { ...spec, extraArguments: ["-disk-full"] });
    await expect(saveSnapshot(vm, "booted")).rejects.toMatchObject({
      code: "vm.snapshot-failed",
      message: expect.stringContaining("No space left on device"),
    });
    expect((await told(vm.qmpSocket)).at(-1)).toBe("cont");
    expect(await snapshots()).toEqual([]);
  });

  it("refuses a name that is taken, one that leaves the folder, and a device that does not run", async () => {
    const vm = await startVm(host, spec);
    await saveSnapshot(vm, "booted");
    await expect(saveSnapshot(vm, "booted")).rejects.toMatchObject({ code: "vm.snapshot-exists" });
    await expect(saveSnapshot(vm, "../booted")).rejects.toMatchObject({ code: "vm.invalid-spec" });
    await cutPower(vm);
    await expect(saveSnapshot(vm, "other")).rejects.toMatchObject({ code: "vm.not-running" });
    expect(await snapshots()).toEqual(["booted"]);
  });
});

describe("resumeSnapshot", () => {
  it("makes independent devices with ports of their own", async () => {
    const ports = { ssh: { guest: 22_222, host: 0 } };
    const vm = await startVm(host, { ...spec, ports });
    await saveSnapshot(vm, "booted");
    const [one, two] = await Promise.all([
      resumeSnapshot(host, { from: "booted", name: "one-of-two" }),
      resumeSnapshot(host, { from: "booted", name: "two-of-two" }),
    ]);
    const words = (await told(one.qmpSocket)).filter((word) => !/capabilities|parameters/.test(word));
    expect(words).toEqual(["migrate-incoming", "query-migrate", "cont"]);
    expect(new Set([vm, one, two].map((device) => device.ports["ssh"]?.host)).size).toBe(3);
    expect((await listVms(host.home)).filter(({ status }) => status === "running")).toHaveLength(3);
    const disk = one.drives.find(({ id }) => id === "disk0")?.file ?? "";
    expect(await readFile(disk, "utf8")).toContain(`-F qcow2 -b ${join(host.home, ".snapshots/booted/disk0.qcow2")}`);
  });

  it("does not find a snapshot whose image was changed", async () => {
    await saveSnapshot(await startVm(host, spec), "booted");
    expect(await findSnapshot(host.home, "booted")).toBeDefined();
    await utimes(spec.disk, 1, 1);
    expect(await findSnapshot(host.home, "booted")).toBeUndefined();
    await expect(resumeSnapshot(host, { from: "booted", name: "late" })).rejects.toMatchObject({
      code: "vm.unknown-snapshot",
    });
  });

  it("refuses another QEMU than the one that saved it, and leaves nothing", async () => {
    await saveSnapshot(await startVm(host, spec), "booted");
    const snapshot = await findSnapshot(host.home, "booted");
    if (snapshot === undefined) expect.unreachable();
    else await writeSnapshot(join(host.home, ".snapshots/booted"), { ...snapshot, qemuVersion: "9.2.0" });
    await expect(resumeSnapshot(host, { from: "booted", name: "late" })).rejects.toMatchObject({
      code: "vm.snapshot-failed",
      message: "The snapshot booted was saved by QEMU 9.2.0; this is 10.0.13.",
    });
    expect((await listVms(host.home)).map(({ name }) => name)).toEqual(["unit-test"]);
    expect(existsSync(join(host.home, "late"))).toBe(false);
  });
});
