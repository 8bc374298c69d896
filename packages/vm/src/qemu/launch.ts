import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, type ToolCommand, worldError } from "@holdfast/contracts";
import { identify, type ProcessIdentity, processTree } from "../process/identity.ts";
import { killProcesses } from "../process/kill.ts";
import { Qmp } from "./qmp.ts";

/** QEMU on a loaded machine maps memory and opens its files within this time. */
const LAUNCH_TIMEOUT_MS = 60_000;

export type Launched = { readonly qmp: Qmp; readonly processes: ProcessIdentity[] };

type Launch = {
  readonly tools: ToolCommand;
  readonly argv: readonly [string, ...string[]];
  readonly qmpSocket: string;
  readonly qemuLog: string;
  readonly signal: AbortSignal | undefined;
  /** Called as soon as there is a process, before QEMU answers, so that nothing can be orphaned. */
  readonly onProcess: (first: ProcessIdentity) => Promise<void>;
};

/**
 * Starts QEMU so that it outlives this process, and returns when it answers on its control socket.
 * @throws HoldfastError `vm.qemu-failed` with QEMU's own words when it ends before that; no process is left then.
 */
export async function launchQemu(launch: Launch): Promise<Launched> {
  const { tools, argv, qmpSocket, qemuLog, signal } = launch;
  await rm(qmpSocket, { force: true });
  const [program, ...args] = tools(argv);
  const log = openSync(qemuLog, "w");
  const child = spawn(program, args, { detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  child.unref();
  let ended: string | undefined;
  child.once("error", (error) => {
    ended = `it could not be started: ${error.message}`;
  });
  child.once("exit", (status, killedBy) => {
    ended = status === null ? `signal ${killedBy} ended it` : `it ended with status ${status}`;
  });
  const first = child.pid === undefined ? undefined : await identify(child.pid);
  try {
    if (first !== undefined) await launch.onProcess(first);
    const end = performance.now() + LAUNCH_TIMEOUT_MS;
    for (;;) {
      signal?.throwIfAborted();
      if (ended !== undefined) throw await launchError(argv[0], qemuLog, ended);
      const qmp = await Qmp.connect(qmpSocket).catch((error: unknown) => messageOf(error));
      if (typeof qmp !== "string") {
        return { qmp, processes: first === undefined ? [] : await processTree(first.pid) };
      }
      if (performance.now() > end) throw await launchError(argv[0], qemuLog, `it did not answer: ${qmp}`);
      await sleep(30);
    }
  } catch (error) {
    if (first !== undefined) await killProcesses([first]);
    throw error;
  }
}

async function launchError(program: string, qemuLog: string, ended: string): Promise<Error> {
  const words = (await readFile(qemuLog, "utf8").catch(() => "")).trim().split("\n").slice(-10).join("\n");
  return worldError("vm.qemu-failed", {
    message: `${program} did not start the device: ${ended}.${words === "" ? "" : `\n${words}`}`,
  });
}
