import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { type Millis, messageOf, mib, minutes, type Progress, seconds } from "@holdfast/contracts";
import {
  removeVm,
  type SshTarget,
  sshCommand,
  sshOutput,
  startVm,
  stopVm,
  type Vm,
  type VmHost,
  waitForHttp,
  waitForSsh,
} from "@holdfast/vm";
import type { BootTimes, MemoryUse, OurSystem, SystemFigures } from "./figures.ts";
import { MEMORY_COMMAND, parseMemory, parseTimes, timesCommand } from "./guest-probe.ts";
import { HOST_PROGRAMS_COMMAND, parseHostPrograms } from "./host-programs.ts";

/** A system to be measured, and how to talk to it. */
export type Subject = {
  readonly name: string;
  readonly disk: string;
  readonly sshPort: number;
  readonly target: SshTarget;
  readonly engineUnit: string;
};

type Lab = { readonly host: VmHost; readonly progress: Progress; readonly signal: AbortSignal };

/** A boot without KVM on a busy machine. */
const BOOT_PATIENCE = minutes(10);
/** After the last job of the boot: caches settle, the engine's collector runs once. */
const SETTLE: Millis = seconds(60);
const API = { guest: 48484, host: 0 };

/** Boots our image twice and measures it; the supervisor's first answer is timed on the guest's own clock. */
export async function measureDevice(subject: Subject, lab: Lab): Promise<OurSystem> {
  const firstPings: number[] = [];
  let hostPrograms: OurSystem["hostPrograms"] = "";
  const figures = await measureSystem(subject, lab, {
    untilUp: async (vm) => {
      await waitForHttp(vm, "api", "/ping", { timeout: BOOT_PATIENCE, signal: lab.signal });
      const answered = performance.now();
      firstPings.push((answered - (await kernelStart(vm, subject, lab))) / 1000);
    },
    atTheEnd: async (vm) => {
      hostPrograms = await criticalPrograms(vm, subject, lab);
    },
  });
  const [firstPing = Number.NaN, laterPing = Number.NaN] = firstPings;
  return { ...figures, firstPing, laterPing, hostPrograms };
}

/** A figure that cannot be had must not take the others with it. */
async function criticalPrograms(
  vm: Vm,
  { target }: Subject,
  { host, signal }: Lab,
): Promise<OurSystem["hostPrograms"]> {
  try {
    const options = { ...target, timeout: BOOT_PATIENCE, signal };
    return parseHostPrograms(await sshOutput(host, vm, HOST_PROGRAMS_COMMAND, options));
  } catch (thrown) {
    signal.throwIfAborted();
    return messageOf(thrown);
  }
}

export type Looks = {
  /** Returns when what is measured of a boot besides systemd's own times has happened. */
  readonly untilUp: (vm: Vm) => Promise<void>;
  /** A last look at the second boot. */
  readonly atTheEnd?: (vm: Vm) => Promise<void>;
};

/** Boots an image twice: the first boot sets things up; what is idle is measured in the second. */
export async function measureSystem(subject: Subject, lab: Lab, { untilUp, atTheEnd }: Looks): Promise<SystemFigures> {
  const { host, progress, signal } = lab;
  const spec = {
    name: `bench-${subject.name}`,
    arch: "amd64" as const,
    disk: subject.disk,
    diskSize: mib(8192),
    ports: { ssh: { guest: subject.sshPort, host: 0 }, api: API },
  };
  const boot = async (title: string, fresh: boolean): Promise<{ vm: Vm; times: BootTimes }> => {
    const step = progress.start(`${subject.name}: ${title}`);
    try {
      const vm = await startVm(host, spec, { fresh, signal });
      await untilUp(vm);
      return { vm, times: await bootTimes(vm, subject, lab) };
    } finally {
      step.end();
    }
  };
  try {
    const first = await boot("first boot", true);
    await stopVm(first.vm, { signal });
    const later = await boot("boot again", false);
    const memory = await idleMemory(later.vm, subject, lab);
    await atTheEnd?.(later.vm);
    return { firstBoot: first.times, laterBoot: later.times, memory };
  } finally {
    await removeVm(host.home, spec.name);
  }
}

/** Waits until all jobs of the boot are done; a unit that failed is no reason not to measure. */
async function bootTimes(vm: Vm, { target, engineUnit }: Subject, { host, signal }: Lab): Promise<BootTimes> {
  const options = { ...target, timeout: BOOT_PATIENCE, signal };
  await waitForSsh(host, vm, options);
  await sshOutput(host, vm, "systemctl is-system-running --wait || true", options);
  return parseTimes(await sshOutput(host, vm, timesCommand(engineUnit), options));
}

async function idleMemory(vm: Vm, { name, target }: Subject, { host, progress, signal }: Lab): Promise<MemoryUse> {
  const step = progress.start(`${name}: idle`);
  try {
    await sleep(SETTLE, undefined, { signal });
    return parseMemory(await sshOutput(host, vm, MEMORY_COMMAND, { ...target, timeout: BOOT_PATIENCE, signal }));
  } finally {
    step.end();
  }
}

/**
 * When the guest's kernel started, on this process's clock. The answer counts at the moment that it arrives: a connection
 * takes seconds to close under emulation.
 */
async function kernelStart(vm: Vm, { target }: Subject, { host, signal }: Lab): Promise<number> {
  await waitForSsh(host, vm, { ...target, timeout: BOOT_PATIENCE, signal });
  const [program, ...args] = sshCommand(host, vm, { ...target, command: "cat /proc/uptime; sleep 1" });
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"], signal });
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => reject(new Error(`${vm.name} did not say how long it is up`)));
    child.stdout.once("data", (chunk: Buffer) => {
      resolve(performance.now() - Number.parseFloat(chunk.toString()) * 1000);
    });
  });
}
