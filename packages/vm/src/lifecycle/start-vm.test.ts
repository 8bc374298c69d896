import { existsSync } from "node:fs";
import { readFile, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { mib, millis } from "@holdfast/contracts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { waitForConsole } from "../console/wait-for-console.ts";
import { waitForHttp } from "../guest/wait-for-http.ts";
import type { VmHost } from "../host.ts";
import { identify } from "../process/identity.ts";
import type { VmSpec } from "../spec.ts";
import { type FakeHost, fakeHost } from "../testing/fake-host.ts";
import { listVms } from "./find-vm.ts";
import { startVm } from "./start-vm.ts";
import { cutPower, scopedVm, stopVm } from "./stop-vm.ts";

let fake: FakeHost;
let host: VmHost;
let spec: VmSpec;
beforeEach(async () => {
  fake = await fakeHost();
  ({ host, spec } = fake);
});
afterEach(() => fake[Symbol.asyncDispose]());

const statuses = async () => (await listVms(host.home)).map(({ name, status }) => `${name} ${status}`);

describe("startVm", () => {
  it("starts a device that runs, is found again and stops at its power button", async () => {
    const vm = await startVm(host, { ...spec, ports: { ssh: { guest: 22_222, host: 0 } } });
    expect(await statuses()).toEqual(["unit-test running"]);
    expect((await identify(vm.pid))?.pid).toBe(vm.pid);
    expect(vm.ports["ssh"]?.host).toBeGreaterThan(0);
    await waitForConsole(vm, "login:");
    expect(await stopVm(vm)).toBe("clean");
    expect(await statuses()).toEqual(["unit-test stopped"]);
    expect(await stopVm(vm)).toBe("clean");
  });

  it("cuts a device off that takes no notice of its button", async () => {
    const vm = await startVm(host, { ...spec, extraArguments: ["-deaf"] });
    expect(await stopVm(vm, { timeout: millis(300) })).toBe("killed");
    expect(await statuses()).toEqual(["unit-test stopped"]);
  });

  it("refuses a second one of the name, also at the same moment", async () => {
    const [first, second] = await Promise.allSettled([startVm(host, spec), startVm(host, spec)]);
    expect([first.status, second.status].sort()).toEqual(["fulfilled", "rejected"]);
    await expect(startVm(host, spec)).rejects.toMatchObject({ code: "vm.already-running" });
  });

  it("keeps others out until the device runs", async () => {
    const starting = startVm(host, spec);
    const lock = join(host.home, spec.name, "lock");
    while (!existsSync(join(host.home, spec.name, "disk0.qcow2"))) await sleep(1);
    expect(existsSync(lock)).toBe(true);
    await starting;
    expect(existsSync(lock)).toBe(false);
  });

  it("goes on with the disk of a stopped device, and begins again when asked to", async () => {
    const vm = await startVm(host, spec);
    await cutPower(vm);
    const disk = join(vm.home, "disk0.qcow2");
    await writeFile(disk, "what the device wrote");
    await cutPower(await startVm(host, spec));
    expect(await readFile(disk, "utf8")).toBe("what the device wrote");
    await startVm(host, spec, { fresh: true });
    expect(await readFile(disk, "utf8")).toContain("create -q -f qcow2");
  });

  it("takes console output of the present run only", async () => {
    await cutPower(await startVm(host, spec));
    const vm = await startVm(host, spec);
    expect(vm.consoleStart).toBe("login: ".length);
    expect(await waitForConsole(vm, "login:")).toMatchObject({ end: 2 * "login: ".length - 1 });
  });

  it("refuses to go on over a changed image, or with other disks", async () => {
    await cutPower(await startVm(host, spec));
    await expect(startVm(host, { ...spec, diskSize: mib(64) })).rejects.toMatchObject({ code: "vm.image-changed" });
    await utimes(spec.disk, 1, 1);
    await expect(startVm(host, spec)).rejects.toMatchObject({
      code: "vm.image-changed",
      hint: expect.stringContaining("--fresh"),
    });
    await startVm(host, spec, { fresh: true });
  });

  it("tells what QEMU said when it ends at once, and leaves nothing", async () => {
    await expect(startVm(host, { ...spec, extraArguments: ["-fail"] })).rejects.toMatchObject({
      code: "vm.qemu-failed",
      message: expect.stringMatching(/ended with status 1.*fake-qemu: no such device/s),
    });
    expect(existsSync(join(host.home, "unit-test"))).toBe(false);
  });

  it.each([
    ["an image that does not exist", { disk: "/nonexistent/one.img" }, "vm.missing-file"],
    ["a disk smaller than its image", { diskSize: mib(0.0001) }, "vm.invalid-spec"],
  ] as const)("refuses %s and leaves nothing", async (_case, change, code) => {
    await expect(startVm(host, { ...spec, ...change })).rejects.toMatchObject({ code });
    expect(existsSync(join(host.home, "unit-test"))).toBe(false);
  });

  it("leaves no process behind when it is interrupted", async () => {
    const abort = new AbortController();
    const starting = startVm(host, spec, { signal: abort.signal });
    setTimeout(() => abort.abort(), 30);
    await starting.then(
      () => expect.unreachable(),
      (error: Error) => expect(error.name).toBe("AbortError"),
    );
    expect(await statuses()).toEqual([]);
  });

  it("gives a device that goes with its scope", async () => {
    let pid: number;
    {
      await using vm = scopedVm(await startVm(host, spec));
      pid = vm.pid;
    }
    expect(await identify(pid)).toBeUndefined();
    expect(await statuses()).toEqual([]);
  });
});

describe("waitForHttp", () => {
  it("goes on after refusals until the answer is the expected one, and gives it whole", async () => {
    let asked = 0;
    await using server = createServer((_request, response) => {
      asked++;
      response.statusCode = asked < 2 ? 503 : 200;
      response.end(asked < 3 ? "starting" : "ready");
    });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    const vm = { ...(await startVm(host, spec)), ports: { api: { guest: 48_484, host: port } } };
    const accept = async (response: Response) => response.ok && (await response.text()) === "ready";
    const answer = await waitForHttp(vm, "api", "/", { accept, timeout: millis(10_000) });
    expect(await answer.text()).toBe("ready");
    expect(asked).toBe(3);
  });
});

describe("a device that does not come up", () => {
  it("shows the last lines of its console", async () => {
    const vm = await startVm(host, { ...spec, ports: { api: { guest: 48_484, host: 0 } } });
    const lines = Array.from({ length: 50 }, (_, index) => `\nline ${index}`).join("");
    await writeFile(vm.consoleLog, lines, { flag: "a" });
    const failure = waitForHttp(vm, "api", "/ping", { timeout: millis(50) });
    await expect(failure).rejects.toMatchObject({
      code: "vm.boot-failed",
      hint: expect.stringContaining(vm.consoleLog),
    });
    const message = await failure.catch((error: Error) => error.message);
    expect(message).toMatch(/last: no answer.*waited 0 s.*line 10\n.*line 49$/s);
    expect(message).not.toContain("line 9\n");
  });

  it("is not waited for when QEMU has ended", async () => {
    const vm = await startVm(host, spec);
    await cutPower(vm);
    await expect(waitForConsole(vm, "never")).rejects.toMatchObject({ message: expect.stringContaining("QEMU ended") });
  });
});
