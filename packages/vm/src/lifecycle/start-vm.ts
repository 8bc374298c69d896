import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { refuse } from "@holdfast/contracts";
import type { FirmwarePair, VmHost } from "../host.ts";
import { killProcesses } from "../process/kill.ts";
import { choosePorts } from "../process/ports.ts";
import { type Drive, qemuArguments } from "../qemu/arguments.ts";
import { launchQemu } from "../qemu/launch.ts";
import { probeKvm } from "../qemu/probe-kvm.ts";
import type { Qmp } from "../qemu/qmp.ts";
import { type ImageStamp, readVm, type Vm, writeVm } from "../record.ts";
import { type FullVmSpec, parseVmSpec, type VmSpec } from "../spec.ts";
import { makeDrives, unchanged, VARS } from "./disk-files.ts";
import { isRunning } from "./find-vm.ts";
import { lockVm } from "./lock.ts";
import { socketDirectory } from "./short-sockets.ts";
import { startTpm } from "./start-tpm.ts";
import { prepareWriteLog } from "./write-log-file.ts";

export type StartOptions = {
  /** Begin again from the image instead of going on with the disk of a stopped device of that name. */
  readonly fresh?: boolean;
  readonly signal?: AbortSignal;
};

/** What a device is started from. */
export type Launchpad = {
  readonly host: VmHost;
  readonly spec: FullVmSpec;
  readonly drives: readonly Drive[];
  readonly bases: readonly ImageStamp[];
  readonly signal: AbortSignal | undefined;
  /** Given for a device whose saved state is loaded after QEMU came up, and before the device counts as started. */
  readonly load?: (qmp: Qmp) => Promise<void>;
};

/** The firmware that a device boots with. */
export function firmwareOf(host: VmHost, spec: FullVmSpec): FirmwarePair {
  const pair =
    spec.arch === "arm64" ? host.firmware.arm64 : host.firmware[spec.secureBoot ? "amd64SecureBoot" : "amd64"];
  return { code: pair.code, vars: spec.vars ?? pair.vars };
}

/** A device's directory, held until the scope ends, and what was in it. */
export type Claim = AsyncDisposable & { readonly directory: string; readonly former: Vm | undefined };

const LOCK = "lock";

/** Locks a device's directory, and refuses when the device runs. */
export async function claim(host: VmHost, name: string): Promise<Claim> {
  const directory = join(host.home, name);
  await mkdir(directory, { recursive: true });
  const lock = await lockVm(join(directory, LOCK), name);
  try {
    const former = await readVm(directory);
    if (former !== undefined && (await isRunning(former))) {
      refuse("vm.already-running", {
        message: `The virtual device ${name} runs already (process ${former.pid}).`,
        hint: `Stop it with: holdfast vm stop ${name}`,
      });
    }
    return { directory, former, [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose]() };
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Starts a device and returns when QEMU runs it; it still has to boot (`waitForSsh`, `waitForConsole`). A stopped device
 * of that name goes on with its disk. QEMU outlives this process.
 * @throws HoldfastError `vm.invalid-spec`, `vm.already-running`, `vm.port-taken`, `vm.missing-file`, `vm.image-changed`,
 * `vm.qemu-failed`.
 */
export async function startVm(host: VmHost, spec: VmSpec, options: StartOptions = {}): Promise<Vm> {
  const full = parseVmSpec(spec);
  await using claimed = await claim(host, full.name);
  const kept = options.fresh === true ? undefined : await keptDrives(claimed.former, full);
  if (kept === undefined) await emptyDirectory(claimed.directory);
  return undoIfFailed(claimed, async () => {
    const files = kept ?? (await makeDrives(host.tools, full, claimed.directory, firmwareOf(host, full).vars));
    return launchVm({ host, spec: full, ...files, signal: options.signal });
  });
}

/** Removes what a device's former life left. Unlinking matters: a snapshot may hold the same file under its own name. */
export async function emptyDirectory(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name !== LOCK) await rm(join(directory, name), { recursive: true, force: true });
  }
}

/** Runs the making of a device; when it fails, nothing is left of a device that was not there before. */
export async function undoIfFailed(claimed: Claim, make: () => Promise<Vm>): Promise<Vm> {
  try {
    return await make();
  } catch (error) {
    if (claimed.former === undefined) await rm(claimed.directory, { recursive: true, force: true });
    throw error;
  }
}

type Drives = { readonly drives: Drive[]; readonly bases: ImageStamp[] };

/** The drives of the stopped device of that name. Other disks, or other images under them, would mean to lose them. */
async function keptDrives(former: Vm | undefined, spec: FullVmSpec): Promise<Drives | undefined> {
  if (former === undefined) return undefined;
  const shape = (of: FullVmSpec) =>
    JSON.stringify([of.arch, of.disk, of.diskSize, of.extraDisks, of.secureBoot, of.vars]);
  const hint = `Begin again and lose what it holds: holdfast vm start ${spec.name} --fresh`;
  if (shape(former.spec) !== shape(spec)) {
    refuse("vm.image-changed", { message: `${spec.name} was made with another image or other disks.`, hint });
  }
  if (await unchanged(former.bases)) return { drives: former.drives, bases: former.bases };
  return refuse("vm.image-changed", {
    message: `The image under the disk of ${spec.name} was changed or removed since it was first started.`,
    hint,
  });
}

async function logSize(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

function splitVars(drives: readonly Drive[]): { vars: Drive; disks: Drive[] } {
  const vars = drives.find(({ id }) => id === VARS);
  if (vars === undefined) throw new Error("a device without firmware variables");
  return { vars, disks: drives.filter((drive) => drive !== vars) };
}

/** Runs QEMU on prepared drives and records it. The caller holds the device's lock. */
export async function launchVm(launchpad: Launchpad): Promise<Vm> {
  const { host, spec, signal } = launchpad;
  const home = join(host.home, spec.name);
  const sockets = await socketDirectory(home);
  const ports = await choosePorts(spec.ports);
  const accelerator = spec.arch === "amd64" && (await probeKvm(host)) ? "kvm" : "tcg";
  const consoleLog = join(home, "console.log");
  const base = {
    ...({ format: 1, name: spec.name, arch: spec.arch, home, spec, accelerator, ports, consoleLog } as const),
    ...{ consoleStart: await logSize(consoleLog), consoleSocket: join(sockets, "console.sock") },
    ...{ qmpSocket: join(sockets, "qmp.sock"), qemuLog: join(home, "qemu.log") },
    ...{ startedAt: new Date().toISOString(), drives: [...launchpad.drives], bases: [...launchpad.bases] },
  };
  await rm(base.consoleSocket, { force: true });
  if (spec.writeLog !== undefined) await prepareWriteLog(spec.writeLog);
  const tpm = spec.tpm ? await startTpm(host.tools, home, join(sockets, "tpm.sock")) : undefined;
  const argv = qemuArguments({
    ...base,
    ...splitVars(launchpad.drives),
    code: firmwareOf(host, spec).code,
    serialLog: (name) => join(home, `${name}.log`),
    incoming: launchpad.load !== undefined,
    ...(tpm === undefined ? {} : { tpmSocket: tpm.socket }),
    ...(spec.writeLog === undefined ? {} : { writeLog: spec.writeLog }),
  });
  const helpers = tpm === undefined ? [] : [tpm.identity];
  let started = [...helpers];
  try {
    const { qmp, processes } = await launchQemu({
      ...{ tools: host.tools, argv, qmpSocket: base.qmpSocket, qemuLog: base.qemuLog, signal },
      onProcess: (first) => writeVm({ ...base, pid: first.pid, processes: [...helpers, first] }),
    });
    using control = qmp;
    started = [...helpers, ...processes];
    const vm: Vm = { ...base, pid: processes.at(-1)?.pid ?? 0, processes: started };
    await writeVm(vm);
    await launchpad.load?.(control);
    return vm;
  } catch (error) {
    await killProcesses(started);
    throw error;
  }
}
