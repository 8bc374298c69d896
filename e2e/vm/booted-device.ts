import path from "node:path";
import { cacheDirectory, deviceImage, openVmHost, openWorkshop, release } from "@holdfast/cli";
import { HoldfastError, mib, minutes, silentProgress } from "@holdfast/contracts";
import { toolCommand } from "@holdfast/image";
import {
  findSnapshot,
  removeSnapshot,
  removeVm,
  resumeSnapshot,
  saveSnapshot,
  scopedVm,
  setClock,
  startVm,
  type Vm,
  type VmHost,
  type VmSpec,
  waitForHttp,
  waitForSsh,
} from "@holdfast/vm";

/** Ports that every suite needs; `http` is the sample's page. */
export const devicePorts = {
  ssh: { guest: 22_222, host: 0 },
  api: { guest: 48_484, host: 0 },
  http: { guest: 80, host: 0 },
} as const;

/** Larger than the image, so that the data partition grows as on a real disk; the file holds only what is written. */
const DISK = mib(8192);
const context = { progress: silentProgress, signal: new AbortController().signal };
/** A boot under emulation while other suites run. */
const BOOT_PATIENCE = minutes(10);

/** Test devices live apart from those of the user, and end with the test: nothing is left when it is interrupted. */
export async function testVmHost(): Promise<VmHost> {
  const [host, workshop] = [await openVmHost(context), await openWorkshop(context)];
  return { ...host, home: path.join(cacheDirectory, "e2e", "vm"), tools: toolCommand(workshop.tools) };
}

/** The raw development image of this checkout, with the compose project in it if one is named; from the cache if possible. */
export async function developmentImage(preload?: string): Promise<string> {
  const request = {
    ...(await release(undefined, process.env)),
    ...{ board: "generic-amd64", variant: "development" },
    ...(preload === undefined ? {} : { preload }),
  };
  return (await deviceImage(request, await openWorkshop(context))).disk.file;
}

/** The device that suites boot. */
export function deviceSpec(name: string, image: string): VmSpec & { readonly ports: typeof devicePorts } {
  return { name, arch: "amd64", disk: image, diskSize: DISK, ports: devicePorts };
}

/**
 * Name of a snapshot of the image, booted until its supervisor answers; made now if it is not there. One is kept per
 * image, those of former images are removed.
 */
export async function bootedSnapshot(host: VmHost, image: string): Promise<string> {
  // The folder of an image in the cache is named after everything that it was made from.
  const name = `booted-${path.basename(path.dirname(image)).slice(0, 16)}`;
  if ((await findSnapshot(host.home, name)) !== undefined) return name;
  await removeSnapshot(host.home, name);
  await using vm = scopedVm(await startVm(host, deviceSpec(`boot-${process.pid}`, image), { fresh: true }));
  await waitForHttp(vm, "api", "/ping", { timeout: BOOT_PATIENCE });
  await waitForSsh(host, vm, { timeout: BOOT_PATIENCE });
  await saveSnapshot(vm, name).catch((error: unknown) => {
    // Another suite was faster.
    if (!(error instanceof HoldfastError && error.code === "vm.snapshot-exists")) throw error;
  });
  return name;
}

/** A device that booted a while ago, with the right time and open for ssh; it goes with its scope. */
export async function resumedDevice(
  host: VmHost,
  options: { readonly name: string; readonly snapshot: string; readonly writeLog?: string },
): Promise<Vm & AsyncDisposable> {
  const { name, snapshot, writeLog } = options;
  const vm = await resumeSnapshot(host, { from: snapshot, name, ...(writeLog === undefined ? {} : { writeLog }) });
  try {
    await waitForSsh(host, vm);
    await setClock(host, vm);
    return scopedVm(vm);
  } catch (error) {
    await removeVm(host.home, name);
    throw error;
  }
}
