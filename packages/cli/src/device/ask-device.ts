import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { runningVm, sshCommand } from "@holdfast/vm";
import type { Context } from "../command/command.ts";
import { vmHome } from "../machine/cache.ts";
import { openVmHost } from "../machine/vm-host.ts";
import { remoteSshArguments } from "./remote-ssh.ts";
import type { Device } from "./resolve-device.ts";

export type AskOptions = {
  readonly identity?: string;
  /** Standard input of the command: what must not stand in a process list. */
  readonly input?: string;
  readonly timeoutMs: number;
};

/** Runs a command on a device by ssh. @returns its status and what it printed; ssh's own failures have status 255 */
export async function askDevice(
  device: Device,
  command: string,
  context: Context,
  options: AskOptions,
): Promise<{ readonly status: number; readonly output: string }> {
  const { identity, input = "", timeoutMs } = options;
  const host = await openVmHost(context);
  const shared = { command, terminal: false, ...(identity === undefined ? {} : { identity }) };
  const [program, ...args] =
    device.kind === "remote"
      ? host.tools(remoteSshArguments(device.address, shared))
      : sshCommand(host, await runningVm(vmHome, device.name), shared);
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)]);
  const child = spawn(program ?? "ssh", args, { stdio: ["pipe", "pipe", "inherit"], signal });
  // A device that is gone does not read.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const ended = new Promise<number>((resolve) => {
    child.once("error", () => resolve(255));
    child.once("close", (status) => resolve(status ?? 255));
  });
  const [output, status] = await Promise.all([text(child.stdout), ended]);
  context.signal.throwIfAborted();
  return { status, output };
}
