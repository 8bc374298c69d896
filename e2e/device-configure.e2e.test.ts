import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { deviceImage, openVmHost, openWorkshop, release, repositoryRoot } from "@holdfast/cli";
import { silentProgress } from "@holdfast/contracts";
import { runTool } from "@holdfast/image";
import { removeVm, sshOutput, startVm, type Vm, type VmHost, waitForSsh } from "@holdfast/vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BOOT_PATIENCE, DISK } from "./device/device-lab.ts";

const NAME = "e2e-configure";
/** Of two addresses the first is where QEMU's forwarded port arrives; the second one no DHCP server would give. */
const STATIC =
  "[connection]\nid=office\ntype=ethernet\n[ipv4]\nmethod=manual\naddress1=10.0.2.15/24,10.0.2.2\naddress2=192.0.2.77/24\n[ipv6]\nmethod=disabled\n";
let folder = "";
let host: VmHost;
let vm: Vm;

beforeAll(async () => {
  const context = { progress: silentProgress, signal: new AbortController().signal };
  folder = await mkdtemp(path.join(tmpdir(), "holdfast-configured-"));
  const workshop = await openWorkshop(context);
  host = await openVmHost(context);
  const request = { board: "generic-amd64", variant: "production", ...(await release(undefined, {})) };
  const { disk } = await deviceImage(request, workshop);
  const image = path.join(folder, "disk.img");
  await copyFile(disk.file, image);
  const key = path.join(folder, "id");
  await runTool(workshop.tools, ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "me@laptop", "-f", key]);
  await writeFile(path.join(folder, "office"), STATIC);
  await configure(
    image,
    "--hostname",
    "sensor-7",
    "--ssh-key",
    `${key}.pub`,
    "--connection",
    path.join(folder, "office"),
  );
  await removeVm(host.home, NAME);
  const ports = { ssh: { guest: 22_222, host: 0 } };
  vm = await startVm(host, { name: NAME, arch: "amd64", disk: image, diskSize: DISK, ports }, { fresh: true });
  await waitForSsh(host, vm, { identity: key, timeout: BOOT_PATIENCE });
}, 3 * BOOT_PATIENCE);
afterAll(async () => {
  if (host !== undefined) await removeVm(host.home, NAME);
  await rm(folder, { recursive: true, force: true });
});

async function configure(...args: string[]): Promise<void> {
  const child = spawn(path.join(repositoryRoot, "holdfast"), ["configure", ...args], { stdio: "inherit" });
  const [status] = await once(child, "close");
  if (status !== 0) throw new Error(`holdfast configure ended with status ${status}`);
}

describe("a production image that was set up offline, on its first boot", () => {
  it("lets its owner's key in, and has its name and addresses", async () => {
    const identity = path.join(folder, "id");
    const shown = await sshOutput(
      host,
      vm,
      "hostname; nmcli --get-values GENERAL.CONNECTION,IP4.ADDRESS device show $(ip -json route show default | jq -r '.[0].dev'); cat /run/holdfast/development 2>&1 || true; systemctl --failed --no-legend --plain",
      { identity },
    );
    const [name, connection, addresses = "", ...rest] = shown.trim().split("\n");
    expect([name, connection]).toEqual(["sensor-7", "office"]);
    expect(addresses.split(" | ").sort()).toEqual(["10.0.2.15/24", "192.0.2.77/24"]);
    expect(rest).toEqual([expect.stringContaining("No such file")]);
  });

  it("lets nobody else in", async () => {
    await expect(sshOutput(host, vm, "true", {})).rejects.toThrow();
  });

  it("says on its console that it is up, and offers no login", async () => {
    expect(await readFile(vm.consoleLog, "latin1")).not.toMatch(/login:|root@/);
  });
});
