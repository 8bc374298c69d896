import path from "node:path";
import {
  cacheDirectory,
  type DeviceImage,
  type DeviceImageRequest,
  deviceImage,
  openVmHost,
  openWorkshop,
  release,
} from "@holdfast/cli";
import { minutes, silentProgress } from "@holdfast/contracts";
import { imageTools, toolCommand } from "@holdfast/image";
import { removeVm, scopedVm, startVm, type Vm, type VmHost, type VmSpec } from "@holdfast/vm";

/** From power-on to the end of the initrd: 15 s without KVM on an idle machine, minutes beside other work. */
export const INITRD_PATIENCE = minutes(6);

/** What tests of the boot chain share. */
export type BootLab = {
  readonly host: VmHost;
  readonly tools: ReturnType<typeof imageTools>;
  /** The development image without apps, as the virtual devices' suite has it. */
  readonly image: DeviceImage;
};

const context = { progress: silentProgress, signal: new AbortController().signal };

/** The development image of this checkout for a board, built unless it is in the cache. */
export async function developmentImage(
  board: "generic-amd64" | "generic-arm64",
  extras: Pick<DeviceImageRequest, "keys"> = {},
): Promise<DeviceImage> {
  const request = { board, variant: "development", ...(await release(undefined, process.env)), ...extras };
  return await deviceImage(request, await openWorkshop(context));
}

/** Virtual devices of these tests live apart from those of the user and end with the test that started them. */
export async function bootHost(): Promise<Pick<BootLab, "host" | "tools">> {
  const [host, workshop] = [await openVmHost(context), await openWorkshop(context)];
  const command = toolCommand(workshop.tools);
  const { epoch } = await release(undefined, process.env);
  return {
    host: { ...host, home: path.join(cacheDirectory, "e2e", "vm"), tools: command },
    tools: imageTools(command, epoch),
  };
}

let opened: Promise<BootLab> | undefined;

/** The amd64 development image, and the tools to change copies of it and to boot them. */
export function bootLab(): Promise<BootLab> {
  opened ??= (async () => ({ ...(await bootHost()), image: await developmentImage("generic-amd64") }))();
  return opened;
}

/** Starts a fresh device; it goes with its scope. */
export async function power({ host }: Pick<BootLab, "host">, spec: VmSpec): Promise<Vm & AsyncDisposable> {
  // One that an interrupted run left.
  await removeVm(host.home, spec.name);
  return scopedVm(await startVm(host, spec, { fresh: true }));
}
