import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { minutes, seconds } from "@holdfast/contracts";
import {
  consoleTail,
  cutPower,
  isRunning,
  listVms,
  probeKvm,
  readWriteLog,
  replay,
  resumeSnapshot,
  scopedVm,
  setClock,
  setLink,
  ssh,
  sshOutput,
  startVm,
  stopVm,
  type Vm,
  type VmHost,
  type WriteLogEntry,
  waitForConsole,
  waitForHttp,
  waitForSsh,
} from "@holdfast/vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import type { Device } from "./device/device.ts";

/** Resuming and a key exchange on a machine that does other work as well. */
const PATIENCE = minutes(5);

let host: VmHost;
let first: Device;
let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "holdfast-e2e-vm-"));
  first = await bootedDevice("e2e-vm-first");
  host = first.lab.host;
}, minutes(30));
afterAll(async () => {
  await first?.[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
});

/** The frozen first disk of the snapshot that the first device was resumed from. */
function frozenDisk(): string {
  const disk = first.vm.bases.find(({ path }) => basename(path) === "disk0.qcow2")?.path;
  if (disk === undefined) throw new Error("the device was not resumed from a snapshot");
  return disk;
}

/** Another device from the same snapshot. */
async function another(name: string, writeLog?: string): Promise<Vm & AsyncDisposable> {
  const from = basename(dirname(frozenDisk()));
  const vm = scopedVm(await resumeSnapshot(host, { from, name, ...(writeLog === undefined ? {} : { writeLog }) }));
  await waitForSsh(host, vm, { timeout: PATIENCE });
  await setClock(host, vm);
  return vm;
}

/** Where the log's last write that holds a text put it on the disk, and whether a flush followed. */
async function findWritten(writeLog: string, text: string): Promise<{ at: number; flushed: boolean; entries: number }> {
  await using log = await open(writeLog);
  const entries: WriteLogEntry[] = [];
  let found: { at: number; index: number } | undefined;
  for await (const entry of readWriteLog(writeLog)) {
    entries.push(entry);
    if (entry.dataAt === undefined) continue;
    const { buffer } = await log.read(Buffer.alloc(entry.length), 0, entry.length, entry.dataAt);
    const place = buffer.indexOf(text);
    if (place >= 0) found = { at: entry.offset + place, index: entry.index };
  }
  if (found === undefined) throw new Error(`no write in the log holds ${text}`);
  const { at, index } = found;
  return { at, flushed: entries.slice(index).some(({ flush }) => flush), entries: entries.length };
}

async function textAt(path: string, at: number, length: number): Promise<string> {
  await using file = await open(path);
  return (await file.read(Buffer.alloc(length), 0, length, at)).buffer.toString("latin1");
}

describe("devices resumed from one snapshot", () => {
  it("run side by side, independent, with the right time and all that ran before", async () => {
    await using other = await another("e2e-vm-other");
    await sshOutput(host, first.vm, "echo first > /mnt/data/which; sync");
    expect((await ssh(host, other, "cat /mnt/data/which")).status).toBe(1);
    expect(await sshOutput(host, other, "cat", { input: "through the pipe" })).toBe("through the pipe");
    const drift = Math.abs(Number(await sshOutput(host, other, "date +%s")) - Date.now() / 1000);
    expect(drift).toBeLessThan(30);
    expect((await waitForHttp(other, "api", "/ping", { timeout: PATIENCE })).status).toBe(200);
    const running = (await listVms(host.home)).filter(({ status }) => status === "running");
    expect(running.map(({ name }) => name)).toEqual(expect.arrayContaining(["e2e-vm-first", "e2e-vm-other"]));
  });

  it("keep what was flushed when the power is cut, as the log of writes proves", async () => {
    const writeLog = join(scratch, "writes.log");
    await using vm = await another("e2e-vm-cut", writeLog);
    const kept = "kept-by-a-flush-7f3a";
    await sshOutput(host, vm, `echo ${kept} > /mnt/data/kept && sync`, { timeout: PATIENCE });
    await cutPower(vm);
    expect(await isRunning(vm)).toBe(false);
    const { at, flushed, entries } = await findWritten(writeLog, kept);
    expect(flushed).toBe(true);
    const output = join(scratch, "after.img");
    const baseImage = { path: frozenDisk(), format: "qcow2" as const };
    const cut = { tools: host.tools, log: writeLog, baseImage, output, dropUnflushedRandomly: { seed: 1 } };
    await replay({ ...cut, upToEntry: entries });
    expect(await textAt(output, at, kept.length)).toBe(kept);
  });

  it("can be unplugged from the network, and turned off by their power button", async () => {
    await setLink(first.vm, false);
    const unplugged = ssh(host, first.vm, "true", { timeout: seconds(5) });
    await expect(unplugged).rejects.toMatchObject({ code: "vm.ssh-unreachable" });
    await setLink(first.vm, true);
    await sshOutput(host, first.vm, "true");
    expect(await stopVm(first.vm, { timeout: PATIENCE })).toBe("clean");
    expect((await listVms(host.home)).find(({ name }) => name === "e2e-vm-first")?.status).toBe("stopped");
  });
});

describe("a device that does not come up", () => {
  it("ends the wait with the last lines of its console", async () => {
    const disk = join(scratch, "empty.img");
    await writeFile(disk, Buffer.alloc(1024 * 1024));
    const ports = { api: { guest: 48_484, host: 0 } };
    await using vm = scopedVm(
      await startVm(host, { name: "e2e-vm-empty", arch: "amd64", disk, ports }, { fresh: true }),
    );
    await waitForConsole(vm, "Shell> ", { timeout: minutes(2) });
    await expect(waitForHttp(vm, "api", "/ping", { timeout: seconds(2) })).rejects.toMatchObject({
      code: "vm.boot-failed",
      message: expect.stringContaining("UEFI Interactive Shell"),
    });
    expect((await consoleTail(vm)).at(-1)).toBe("Shell>");
  });
});

describe("probeKvm", () => {
  it("gives the same answer again without trying again", async () => {
    const first = await probeKvm(host);
    const began = performance.now();
    expect(await probeKvm(host)).toBe(first);
    expect(performance.now() - began).toBeLessThan(500);
  });
});
