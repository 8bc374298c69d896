import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { minutes, seconds } from "@holdfast/contracts";
import {
  consoleTail,
  cutPower,
  findSnapshot,
  isRunning,
  listVms,
  probeKvm,
  readWriteLog,
  replay,
  type Snapshot,
  scopedVm,
  setLink,
  ssh,
  sshOutput,
  startVm,
  stopVm,
  type VmHost,
  type WriteLogEntry,
  waitForConsole,
  waitForHttp,
} from "@holdfast/vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedSnapshot, developmentImage, deviceSpec, resumedDevice, testVmHost } from "./vm/booted-device.ts";

let host: VmHost;
let image: string;
let snapshot: string;
let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "holdfast-e2e-vm-"));
  host = await testVmHost();
  image = await developmentImage();
  snapshot = await bootedSnapshot(host, image);
}, minutes(20));
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function savedSnapshot(): Promise<Snapshot> {
  const saved = await findSnapshot(host.home, snapshot);
  if (saved === undefined) throw new Error(`the snapshot ${snapshot} is gone`);
  return saved;
}

/** Whether a file holds a text anywhere. */
async function holds(path: string, text: string): Promise<boolean> {
  await using file = await open(path);
  let rest = Buffer.alloc(0);
  for await (const chunk of file.createReadStream({ highWaterMark: 4 * 1024 * 1024 })) {
    const window = Buffer.concat([rest, chunk]);
    if (window.includes(text)) return true;
    rest = window.subarray(-text.length);
  }
  return false;
}

describe("devices resumed from one snapshot", () => {
  it("run side by side, independent, with the right time and all that ran before", async () => {
    await using one = await resumedDevice(host, { name: "vm-one", snapshot });
    await using two = await resumedDevice(host, { name: "vm-two", snapshot });
    await ssh(host, one, "echo one > /mnt/data/which; sync");
    expect((await ssh(host, two, "cat /mnt/data/which")).status).toBe(1);
    expect(await sshOutput(host, one, "cat", { input: "through the pipe" })).toBe("through the pipe");
    const drift = Math.abs(Number(await sshOutput(host, one, "date +%s")) - Date.now() / 1000);
    expect(drift).toBeLessThan(30);
    expect((await waitForHttp(one, "api", "/ping", { timeout: minutes(2) })).status).toBe(200);
    const running = (await listVms(host.home)).filter(({ status }) => status === "running");
    expect(running.map(({ name }) => name)).toEqual(expect.arrayContaining(["vm-one", "vm-two"]));
  });

  it("lose nothing that was flushed when the power is cut, as the log of writes proves", async () => {
    const writeLog = join(scratch, "writes.log");
    await using vm = await resumedDevice(host, { name: "vm-cut", snapshot, writeLog });
    const [kept, base] = [
      "kept-by-a-flush-7f3a",
      (await savedSnapshot()).drives.find(({ id }) => id === "disk0")?.file,
    ];
    await sshOutput(host, vm, `echo ${kept} > /mnt/data/kept && sync`);
    await cutPower(vm);
    expect(await isRunning(vm)).toBe(false);
    const entries: WriteLogEntry[] = [];
    for await (const entry of readWriteLog(writeLog)) entries.push(entry);
    expect(entries.filter(({ flush }) => flush).length).toBeGreaterThan(0);
    const baseImage = { path: base ?? "", format: "qcow2" as const };
    const [before, after] = [join(scratch, "before.img"), join(scratch, "after.img")];
    const common = { tools: host.tools, log: writeLog, baseImage, dropUnflushedRandomly: { seed: 1 } };
    await replay({ ...common, upToEntry: 0, output: before });
    await replay({ ...common, upToEntry: entries.length, output: after });
    expect(await holds(before, kept)).toBe(false);
    expect(await holds(after, kept)).toBe(true);
  });

  it("can be unplugged from the network, and turned off by their power button", async () => {
    await using vm = await resumedDevice(host, { name: "vm-off", snapshot });
    await setLink(vm, false);
    await expect(ssh(host, vm, "true", { timeout: seconds(5) })).rejects.toMatchObject({ code: "vm.ssh-unreachable" });
    await setLink(vm, true);
    await sshOutput(host, vm, "true");
    expect(await stopVm(vm, { timeout: minutes(2) })).toBe("clean");
    expect((await listVms(host.home)).find(({ name }) => name === "vm-off")?.status).toBe("stopped");
  });
});

describe("a device that does not come up", () => {
  it("ends the wait with the last lines of its console", async () => {
    const disk = join(scratch, "empty.img");
    await writeFile(disk, Buffer.alloc(1024 * 1024));
    await using vm = scopedVm(await startVm(host, { ...deviceSpec("vm-empty", disk) }, { fresh: true }));
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
