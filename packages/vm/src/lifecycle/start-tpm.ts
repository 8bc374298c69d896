import { spawn } from "node:child_process";
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ToolCommand, worldError } from "@holdfast/contracts";
import { identify, type ProcessIdentity } from "../process/identity.ts";

const READY_MS = 10_000;

/** Starts the emulated TPM 2.0 of a device; it ends by itself when QEMU leaves. Its secrets stay in the device's directory. */
export async function startTpm(
  tools: ToolCommand,
  home: string,
  socket: string,
): Promise<{ readonly socket: string; readonly identity: ProcessIdentity }> {
  const state = join(home, "tpm");
  await mkdir(state, { recursive: true, mode: 0o700 });
  await rm(socket, { force: true });
  const [program, ...args] = tools([
    ...(["swtpm", "socket", "--tpm2", "--terminate", "--flags", "startup-clear"] as const),
    ...["--tpmstate", `dir=${state}`, "--ctrl", `type=unixio,path=${socket}`],
  ]);
  const child = spawn(program, args, { detached: true, stdio: "ignore" });
  child.unref();
  let failure: Error | undefined;
  child.once("error", (error) => {
    failure = error;
  });
  const identity = child.pid === undefined ? undefined : await identify(child.pid);
  for (const end = performance.now() + READY_MS; identity !== undefined && performance.now() < end; await sleep(30)) {
    if (await stat(socket).catch(() => undefined)) return { socket, identity };
    if (failure !== undefined || child.exitCode !== null) break;
  }
  throw worldError("vm.tool-failed", {
    message: `The emulated TPM did not start: ${failure?.message ?? `swtpm ended with status ${child.exitCode ?? "unknown"}`}.`,
  });
}
