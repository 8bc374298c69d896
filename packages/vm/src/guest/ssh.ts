import { connect } from "node:net";
import { type Millis, minutes, refuse, seconds, worldError } from "@holdfast/contracts";
import type { VmHost } from "../host.ts";
import { runTool, type ToolResult } from "../process/run-tool.ts";
import type { Vm } from "../record.ts";
import { waitUntil } from "./wait-until.ts";

export type SshTarget = {
  /** A private key. Without one, the device must let root in as development images do. */
  readonly identity?: string;
  /** Default root. */
  readonly user?: string;
};

export type SshOptions = SshTarget & {
  readonly timeout?: Millis;
  readonly signal?: AbortSignal;
  readonly input?: string | Uint8Array;
};

export type SshResult = { readonly stdout: string; readonly stderr: string; readonly status: number };

/** ssh's own failures; a command that ends with 255 by itself cannot be told from them. */
const SSH_FAILED = 255;
const DEFAULT_TIMEOUT = minutes(2);
const BOOT_TIMEOUT = minutes(5);
/** A key exchange under emulation takes seconds on a busy machine. */
const CONNECT_SECONDS = 30;

/** The port of this machine that leads to a port of the device. @throws HoldfastError `vm.unknown-port`. */
export function hostPort(vm: Pick<Vm, "name" | "ports">, port: string): number {
  const forward = vm.ports[port];
  if (forward !== undefined) return forward.host;
  const names = Object.keys(vm.ports);
  return refuse("vm.unknown-port", {
    message: `The device ${vm.name} forwards no port named ${port}.`,
    hint: names.length === 0 ? "It forwards none." : `It forwards ${names.join(", ")}.`,
  });
}

/** The ssh command for a device, e.g. to be run on the user's own terminal. A fresh device has fresh keys, so none is remembered. */
export function sshCommand(
  host: Pick<VmHost, "tools">,
  vm: Pick<Vm, "name" | "ports">,
  options: SshTarget & { readonly command?: string; readonly terminal?: boolean } = {},
): readonly [string, ...string[]] {
  const option = (name: string, value: string | number) => ["-o", `${name}=${value}`];
  return host.tools([
    ...(["ssh", "-F", "/dev/null", "-p", String(hostPort(vm, "ssh"))] as const),
    ...option("StrictHostKeyChecking", "no"),
    ...option("UserKnownHostsFile", "/dev/null"),
    ...option("LogLevel", "ERROR"),
    ...option("ConnectTimeout", CONNECT_SECONDS),
    ...option("ServerAliveInterval", 15),
    ...(options.identity === undefined ? [] : ["-i", options.identity, ...option("IdentitiesOnly", "yes")]),
    ...(options.terminal === true ? ["-t"] : [...option("BatchMode", "yes"), "-T"]),
    `${options.user ?? "root"}@127.0.0.1`,
    ...(options.command === undefined ? [] : ["--", options.command]),
  ]);
}

async function runSsh(host: Pick<VmHost, "tools">, vm: Vm, command: string, options: SshOptions): Promise<ToolResult> {
  const argv = sshCommand(host, vm, { ...options, command });
  return runTool(() => argv, argv, {
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    timeoutMs: options.timeout ?? DEFAULT_TIMEOUT,
  });
}

/**
 * Runs a command line in the device's shell and returns what it said, whatever its status.
 * @throws HoldfastError `vm.ssh-unreachable` when the device does not let us in or the command takes too long.
 */
export async function ssh(
  host: Pick<VmHost, "tools">,
  vm: Vm,
  command: string,
  options: SshOptions = {},
): Promise<SshResult> {
  const { stdout, stderr, status } = await runSsh(host, vm, command, options);
  if (status !== null && status !== SSH_FAILED) return { stdout, stderr, status };
  const limit = Math.round((options.timeout ?? DEFAULT_TIMEOUT) / 1000);
  throw worldError("vm.ssh-unreachable", {
    message:
      status === null
        ? `The device ${vm.name} did not finish \`${command.slice(0, 200)}\` within ${limit} s.`
        : `The device ${vm.name} does not answer by ssh: ${stderr.trim() || "no reason given"}`,
    hint: `Look at its console: holdfast vm console ${vm.name}`,
  });
}

/** As `ssh`, and gives the output only. @throws HoldfastError `vm.command-failed` when the status is not 0. */
export async function sshOutput(
  host: Pick<VmHost, "tools">,
  vm: Vm,
  command: string,
  options: SshOptions = {},
): Promise<string> {
  const { stdout, stderr, status } = await ssh(host, vm, command, options);
  if (status === 0) return stdout;
  throw worldError("vm.command-failed", {
    message: `\`${command.slice(0, 200)}\` on ${vm.name} ended with status ${status}: ${(stderr.trim() || stdout.trim()).slice(-2000)}`,
  });
}

/** Whether something greets as an ssh server. QEMU accepts connections for the device before it listens, and drops them. */
function greets(port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const settle = (answer: boolean) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve(answer);
    };
    const onAbort = () => settle(false);
    const timer = setTimeout(() => settle(false), seconds(CONNECT_SECONDS));
    signal.addEventListener("abort", onAbort);
    socket.once("error", () => settle(false));
    socket.once("close", () => settle(false));
    socket.once("data", (chunk: Buffer) => settle(chunk.toString("latin1").startsWith("SSH-")));
  });
}

/**
 * Waits until a command can be run on the device by ssh.
 * @throws HoldfastError `vm.boot-failed` with the console's last lines.
 */
export function waitForSsh(
  host: Pick<VmHost, "tools">,
  vm: Vm,
  options: SshTarget & { readonly timeout?: Millis; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const port = hostPort(vm, "ssh");
  const { timeout, signal, ...target } = options;
  return waitUntil(vm, {
    what: "answer by ssh",
    timeout: timeout ?? BOOT_TIMEOUT,
    signal,
    pollMs: 500,
    attempt: async (limit) => {
      if (!(await greets(port, limit))) return undefined;
      const result = await runSsh(host, vm, "true", {
        ...target,
        timeout: seconds(2 * CONNECT_SECONDS),
        signal: limit,
      }).catch((error: unknown) => {
        if (limit.aborted) return { status: null };
        throw error;
      });
      return result.status === 0 ? true : undefined;
    },
  }).then(() => undefined);
}
