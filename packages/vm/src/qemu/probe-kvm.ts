import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ToolCommand } from "@holdfast/contracts";
import { z } from "zod";
import type { VmHost } from "../host.ts";
import { identify } from "../process/identity.ts";
import { killProcesses } from "../process/kill.ts";
import { PROBE_BYTE, probeGuest } from "./probe-guest.ts";

const ANSWER_MS = 3000;
const answerSchema = z.object({ boot: z.string(), works: z.boolean() });

/** Runs the probe guest; true when it printed its byte in time. */
async function runsGuest(tools: ToolCommand, accelerator: string): Promise<boolean> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-kvm-"));
  try {
    const rom = join(directory, "probe.rom");
    await writeFile(rom, probeGuest());
    const [program, ...args] = tools([
      ...(["qemu-system-x86_64", "-no-user-config", "-nodefaults", "-display", "none", "-machine", "q35"] as const),
      ...["-accel", accelerator, "-m", "16", "-bios", rom, "-serial", "stdio"],
    ]);
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] });
    const identity = child.pid === undefined ? undefined : await identify(child.pid);
    const printed = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), ANSWER_MS);
      const settle = (answer: boolean) => {
        clearTimeout(timer);
        resolve(answer);
      };
      child.once("error", () => settle(false));
      child.once("close", () => settle(false));
      child.stdout.on("data", (chunk: Buffer) => {
        if (chunk.includes(PROBE_BYTE)) settle(true);
      });
    });
    if (identity !== undefined) await killProcesses([identity]);
    return printed;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Whether KVM really runs guests on this machine: /dev/kvm may exist and not work. Tried once per boot of the machine,
 * the answer is kept in `<home>/.kvm.json`.
 */
export async function probeKvm(host: Pick<VmHost, "home" | "tools">): Promise<boolean> {
  const accessible = await access("/dev/kvm", constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!accessible || process.arch !== "x64") return false;
  const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  const path = join(host.home, ".kvm.json");
  const text = await readFile(path, "utf8").catch(() => undefined);
  const known = text === undefined ? undefined : answerSchema.safeParse(parseJson(text)).data;
  if (known?.boot === boot) return known.works;
  const works = await runsGuest(host.tools, "kvm");
  await mkdir(host.home, { recursive: true });
  await writeFile(`${path}.${process.pid}`, JSON.stringify({ boot, works }));
  await rename(`${path}.${process.pid}`, path);
  return works;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
