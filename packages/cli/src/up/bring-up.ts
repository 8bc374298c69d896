import { mib, minutes, type Step } from "@holdfast/contracts";
import { consoleTail, listVms, startVm, type Vm, type VmHost, waitForHttp } from "@holdfast/vm";
import type { Context } from "../command/command.ts";
import { deviceImage } from "../image/device-image.ts";
import { release } from "../image/release.ts";
import { vmHome } from "../machine/cache.ts";
import { openVmHost } from "../machine/vm-host.ts";
import { openWorkshop } from "../machine/workshop.ts";
import { printNote } from "../output/print-note.ts";
import { devicePorts } from "./device-ports.ts";

export type BringUp = { readonly name: string; readonly preload: string; readonly fresh: boolean };
export type BroughtUp = { readonly vm: Vm; readonly image: string; readonly started: boolean };

/** A boot without KVM on a busy machine, and after it the first start of the app: measured 2 and 3 minutes. */
const BOOT_PATIENCE = minutes(10);
const APP_PATIENCE = minutes(10);
/** How often the console is looked at while waiting. */
const CONSOLE_MS = 1_000;
/** Enough for the sample and for trying things; the file grows only with what is written. */
const DISK = mib(8192);

/** Builds the image, starts the device unless it runs already, waits until the supervisor and the app answer. */
export async function bringUp(wanted: BringUp, context: Context): Promise<BroughtUp> {
  const host = await openVmHost(context);
  const { version, epoch } = await release(undefined, process.env);
  const request = { board: "generic-amd64", variant: "development", version, epoch, preload: wanted.preload };
  const { disk, notes } = await deviceImage(request, await openWorkshop(context));
  const image = disk.file;
  for (const note of notes) printNote(note);
  const running = await runningDevice(wanted.name);
  const vm = running ?? (await start(wanted, image, host, context));
  if (running !== undefined && running.spec.disk !== image) {
    printNote(`${wanted.name} runs an older image; ./holdfast down && ./holdfast up --fresh starts the new one`);
  }
  await waitUntilUp(vm, context);
  return { vm, image, started: running === undefined };
}

async function runningDevice(name: string): Promise<Vm | undefined> {
  const known = (await listVms(vmHome)).find((status) => status.name === name);
  return known?.status === "running" ? known.vm : undefined;
}

async function start(wanted: BringUp, image: string, host: VmHost, context: Context): Promise<Vm> {
  const former = (await listVms(vmHome)).find(({ name }) => name === wanted.name)?.vm;
  const fresh = wanted.fresh || (former !== undefined && former.spec.disk !== image);
  if (fresh && former !== undefined && !wanted.fresh) {
    printNote(`the image changed, so ${wanted.name} begins with a new disk`);
  }
  const step = context.progress.start(`Start ${wanted.name}`);
  let vm: Vm | undefined;
  try {
    const spec = { name: wanted.name, arch: "amd64" as const, disk: image, diskSize: DISK, ports: await devicePorts() };
    vm = await startVm(host, spec, { fresh, signal: context.signal });
    return vm;
  } finally {
    step.end(vm === undefined ? undefined : vm.accelerator === "kvm" ? "with KVM" : "without KVM, by emulation");
  }
}

/** What the device said last stands beside the waiting, so that one sees it move. */
async function showConsole(vm: Vm, step: Step): Promise<void> {
  const [line = ""] = await consoleTail(vm, 1).catch(() => [""]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours and other control sequences of the console
  step.update(0, 0, line.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x1f]/g, "").trim());
}

async function waitUntilUp(vm: Vm, context: Context): Promise<void> {
  const wait = async (title: string, port: string, path: string, timeout: typeof BOOT_PATIENCE): Promise<void> => {
    const step = context.progress.start(title);
    const watch = setInterval(() => void showConsole(vm, step), CONSOLE_MS);
    try {
      await waitForHttp(vm, port, path, { timeout, signal: context.signal });
    } finally {
      clearInterval(watch);
      step.end();
    }
  };
  await wait("Wait for the supervisor", "api", "/ping", BOOT_PATIENCE);
  await wait("Wait for the app's page", "http", "/", APP_PATIENCE);
}
