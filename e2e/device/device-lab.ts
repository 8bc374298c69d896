import { createHash } from "node:crypto";
import path from "node:path";
import { type DeviceImage, deviceImage, openVmHost, openWorkshop, release, repositoryRoot } from "@holdfast/cli";
import { mib, minutes, silentProgress } from "@holdfast/contracts";
import { removeVm, startVm, type Vm, type VmHost, waitForHttp, waitForSsh } from "@holdfast/vm";

/** What device tests share: the home of virtual devices, and the development image with the sample app in it. */
export type DeviceLab = {
  readonly host: VmHost;
  readonly image: DeviceImage;
  /** Changes with the image, QEMU and the device's parts: what a saved booted device depends on. */
  readonly key: string;
};

/** Larger than the image, so that the first boot has something to grow into. */
export const DISK = mib(4096);
/** A boot takes 90 s without KVM on an idle machine, and several times that beside other work. */
export const BOOT_PATIENCE = minutes(10);

/** What every device under test consists of: a saved one cannot get other parts later. */
const PARTS = {
  diskSize: DISK,
  ports: {
    ssh: { guest: 22_222, host: 0 },
    api: { guest: 48_484, host: 0 },
    engine: { guest: 2375, host: 0 },
    http: { guest: 80, host: 0 },
  },
  /** A modem's line, and the line on which its mobile network answers. */
  serialPorts: ["modem", "mobile"],
};

let opened: Promise<DeviceLab> | undefined;

/** Builds the image as `holdfast up` does, unless it is in the cache. */
export function deviceLab(): Promise<DeviceLab> {
  opened ??= openLab();
  return opened;
}

async function openLab(): Promise<DeviceLab> {
  const context = { progress: silentProgress, signal: new AbortController().signal };
  const workshop = await openWorkshop(context);
  const preload = path.join(repositoryRoot, "examples/telemetry");
  const request = { board: "generic-amd64", variant: "development", preload, ...(await release(undefined, {})) };
  const image = await deviceImage(request, workshop);
  // The image's stage is named by its key.
  const stage = path.basename(path.dirname(image.disk.file));
  const shape = createHash("sha256").update(JSON.stringify(PARTS)).digest("hex");
  const key = `${stage.slice(0, 20)}-${workshop.tools.key.slice(-8)}-${shape.slice(0, 6)}`;
  return { host: await openVmHost(context), image, key };
}

/** Starts a device from the image, with an empty past, as `holdfast up` does but on free ports. Returns while it boots. */
export async function coldStart({ host, image }: DeviceLab, name: string): Promise<Vm> {
  // One that an interrupted run left.
  await removeVm(host.home, name);
  return await startVm(host, { name, arch: "amd64", disk: image.disk.file, ...PARTS }, { fresh: true });
}

/** Waits until ssh, the supervisor and the sample's page answer. */
export async function untilUp(lab: DeviceLab, vm: Vm): Promise<void> {
  await waitForSsh(lab.host, vm, { timeout: BOOT_PATIENCE });
  await waitForHttp(vm, "api", "/ping", { timeout: BOOT_PATIENCE });
  await waitForHttp(vm, "http", "/", { timeout: BOOT_PATIENCE });
}
