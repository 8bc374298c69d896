import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { FirmwarePair, VmHost } from "../host.ts";
import type { ProcessIdentity } from "../process/identity.ts";
import { killProcesses } from "../process/kill.ts";
import { choosePorts } from "../process/ports.ts";
import { type Drive, qemuArguments } from "../qemu/arguments.ts";
import { launchQemu } from "../qemu/launch.ts";
import { probeKvm } from "../qemu/probe-kvm.ts";
import type { Qmp } from "../qemu/qmp.ts";
import { type ImageStamp, type Vm, writeVm } from "../record.ts";
import type { FullVmSpec } from "../spec.ts";
import { VARS } from "./disk-files.ts";
import { serialSocket, socketDirectory } from "./short-sockets.ts";
import { startTpm } from "./start-tpm.ts";
import { prepareWriteLog } from "./write-log-file.ts";

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

/** A record without what is known only when QEMU runs. */
type Prepared = Omit<Vm, "pid" | "processes">;

/** The firmware that a device boots with. */
export function firmwareOf(host: VmHost, spec: FullVmSpec): FirmwarePair {
  const pair =
    spec.arch === "arm64" ? host.firmware.arm64 : host.firmware[spec.secureBoot ? "amd64SecureBoot" : "amd64"];
  return { code: pair.code, vars: spec.vars ?? pair.vars };
}

/** Runs QEMU on prepared drives and records it. The caller holds the device's claim. */
export async function launchVm(launchpad: Launchpad): Promise<Vm> {
  const prepared = await prepare(launchpad);
  const { host, spec, signal, load } = launchpad;
  const tpm = spec.tpm ? await startTpm(host.tools, prepared.home, join(prepared.qmpSocket, "../tpm.sock")) : undefined;
  let started: ProcessIdentity[] = tpm === undefined ? [] : [tpm.identity];
  const record = (processes: readonly ProcessIdentity[]): Vm => {
    const all = [...started, ...processes];
    return { ...prepared, pid: all.at(-1)?.pid ?? 0, processes: all };
  };
  try {
    const { qmp, processes } = await launchQemu({
      ...{ tools: host.tools, argv: commandLine(launchpad, prepared, tpm?.socket), signal },
      ...{ qmpSocket: prepared.qmpSocket, qemuLog: prepared.qemuLog },
      onProcess: (first) => writeVm(record([first])),
    });
    using control = qmp;
    const vm = record(processes);
    started = vm.processes;
    await writeVm(vm);
    await load?.(control);
    return vm;
  } catch (error) {
    await killProcesses(started);
    throw error;
  }
}

async function prepare({ host, spec, drives, bases }: Launchpad): Promise<Prepared> {
  const home = join(host.home, spec.name);
  const sockets = await socketDirectory(home);
  const consoleLog = join(home, "console.log");
  const consoleSocket = join(sockets, "console.sock");
  const serial = spec.serialPorts.map((name) => serialSocket({ consoleSocket }, name));
  for (const socket of [consoleSocket, ...serial]) await rm(socket, { force: true });
  if (spec.writeLog !== undefined) await prepareWriteLog(spec.writeLog);
  return {
    ...{ format: 1, name: spec.name, arch: spec.arch, home, spec },
    // Only this machine's own architecture can be accelerated.
    accelerator: spec.arch === "amd64" && (await probeKvm(host)) ? "kvm" : "tcg",
    ports: await choosePorts(spec.ports),
    ...{ consoleLog, consoleSocket, consoleStart: (await stat(consoleLog).catch(() => undefined))?.size ?? 0 },
    ...{ qmpSocket: join(sockets, "qmp.sock"), qemuLog: join(home, "qemu.log") },
    ...{ startedAt: new Date().toISOString(), drives: [...drives], bases: [...bases] },
  };
}

function commandLine(
  { host, spec, drives, load }: Launchpad,
  prepared: Prepared,
  tpmSocket: string | undefined,
): readonly [string, ...string[]] {
  const vars = drives.find(({ id }) => id === VARS);
  if (vars === undefined) throw new Error("a device without firmware variables");
  return qemuArguments({
    ...prepared,
    ...{ spec, vars, disks: drives.filter((drive) => drive !== vars), code: firmwareOf(host, spec).code },
    serialSocket: (name) => serialSocket(prepared, name),
    incoming: load !== undefined,
    ...(tpmSocket === undefined ? {} : { tpmSocket }),
    ...(spec.writeLog === undefined ? {} : { writeLog: spec.writeLog }),
  });
}
