import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findVm, listVms, removeVm, runningVm } from "./lifecycle/find-vm.ts";
import { lockVm } from "./lifecycle/lock.ts";
import { cutPower } from "./lifecycle/stop-vm.ts";
import { identify } from "./process/identity.ts";
import { readVm, type Vm, writeVm } from "./record.ts";
import { parseVmSpec } from "./spec.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "holdfast-vm-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** A record whose QEMU is the given process. */
async function record(name: string, identity: { pid: number; startTime: string }): Promise<Vm> {
  const directory = join(home, name);
  await mkdir(directory, { recursive: true });
  const vm: Vm = {
    ...({ format: 1, name, arch: "amd64", home: directory, accelerator: "tcg", ports: {}, consoleStart: 0 } as const),
    spec: parseVmSpec({ name, arch: "amd64", disk: "/images/one.img" }),
    ...{ consoleLog: join(directory, "console.log"), consoleSocket: join(directory, "console.sock") },
    ...{ qmpSocket: join(directory, "qmp.sock"), qemuLog: join(directory, "qemu.log") },
    ...{ startedAt: "2026-11-23T00:00:00.000Z", pid: identity.pid, processes: [identity], drives: [], bases: [] },
  };
  await writeVm(vm);
  return vm;
}

async function self() {
  const identity = await identify(process.pid);
  if (identity === undefined) throw new Error("this process does not run");
  return identity;
}

describe("records of virtual devices", () => {
  it("come back as they were written", async () => {
    const vm = await record("one", await self());
    expect(await readVm(vm.home)).toEqual(vm);
  });

  it("are running while their process runs", async () => {
    await record("one", await self());
    expect(await listVms(home)).toMatchObject([{ name: "one", status: "running" }]);
    await expect(runningVm(home, "one")).resolves.toMatchObject({ name: "one" });
  });

  it("are stopped when another process has taken the number", async () => {
    await record("one", { ...(await self()), startTime: "1" });
    expect(await listVms(home)).toMatchObject([{ name: "one", status: "stopped" }]);
    await expect(runningVm(home, "one")).rejects.toMatchObject({ code: "vm.not-running" });
  });

  it("are stopped when the process is gone", async () => {
    await record("one", { pid: 2 ** 22 + 1, startTime: "1" });
    expect(await listVms(home)).toMatchObject([{ status: "stopped" }]);
  });

  it("suggest the name that was probably meant", async () => {
    await record("kitchen", await self());
    await expect(findVm(home, "kitchn")).rejects.toMatchObject({ code: "vm.unknown", hint: "Did you mean kitchen?" });
  });

  it("name the file when they are damaged", async () => {
    await mkdir(join(home, "one"));
    await writeFile(join(home, "one", "vm.json"), "{");
    await expect(listVms(home)).rejects.toMatchObject({ code: "vm.invalid-record", message: /one\/vm\.json/ });
  });

  it("are an empty list before the first device", async () => {
    expect(await listVms(join(home, "absent"))).toEqual([]);
  });
});

describe("ending a device", () => {
  it("kills what it started as well, and only that", async () => {
    const child = spawn("sh", ["-c", "sleep 300 & echo $!; wait"], { stdio: ["ignore", "pipe", "ignore"] });
    const grandchild = await new Promise<number>((resolve) =>
      child.stdout.once("data", (data) => resolve(Number(data))),
    );
    const identity = child.pid === undefined ? undefined : await identify(child.pid);
    if (identity === undefined) throw new Error("no child");
    const vm = await record("one", identity);
    await cutPower(vm);
    expect(await identify(identity.pid)).toBeUndefined();
    expect(await identify(grandchild)).toBeUndefined();
    await removeVm(home, "one");
    expect(await listVms(home)).toEqual([]);
  });

  it("never touches a process that merely has the number", async () => {
    const child = spawn("sleep", ["300"], { stdio: "ignore" });
    const identity = child.pid === undefined ? undefined : await identify(child.pid);
    if (identity === undefined) throw new Error("no child");
    await cutPower(await record("one", { ...identity, startTime: "1" }));
    expect(await identify(identity.pid)).toEqual(identity);
    child.kill("SIGKILL");
  });
});

describe("lockVm", () => {
  it("lets one command start a device at a time", async () => {
    const path = join(home, "lock");
    {
      await using _held = await lockVm(path, "one");
      await expect(lockVm(path, "one")).rejects.toMatchObject({ code: "vm.already-running" });
    }
    await using _again = await lockVm(path, "one");
  });

  it("takes over from a command that was killed", async () => {
    const path = join(home, "lock");
    await writeFile(path, `${2 ** 22 + 1} 1`);
    await using _taken = await lockVm(path, "one");
  });
});
