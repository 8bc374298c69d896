import { minutes } from "@holdfast/contracts";
import { cutPower, hostPort, removeVm, startVm, type Vm, type VmSpec, waitForSsh } from "@holdfast/vm";
import { expect } from "vitest";
import { BOOT_PATIENCE, type DeviceLab, untilUp } from "./device-lab.ts";
import { type ShellResult, ShellSession } from "./shell-session.ts";

const COMMAND_PATIENCE = minutes(5);

export type ApiAnswer = { readonly status: number; readonly body: unknown };

/** A running device and the ways a test asks it. Its power is cut and its disk removed at the end of the scope. */
export class Device implements AsyncDisposable {
  readonly lab: DeviceLab;
  #vm: Vm;
  #session: ShellSession | undefined;

  constructor(lab: DeviceLab, vm: Vm) {
    this.lab = lab;
    this.#vm = vm;
  }

  get vm(): Vm {
    return this.#vm;
  }

  /** Runs a command line as root, one at a time; its status is the test's matter. */
  async attempt(command: string): Promise<ShellResult> {
    if (this.#session === undefined || this.#session.hasEnded) {
      this.#session = new ShellSession(this.lab.host, this.#vm);
    }
    return await this.#session.run(command, COMMAND_PATIENCE);
  }

  /** What a command line says, without white space around it. A status other than 0 throws. */
  async shell(command: string): Promise<string> {
    const { stdout, stderr, status } = await this.attempt(command);
    if (status !== 0) throw new Error(`\`${command}\` ended with status ${status}: ${stderr}${stdout}`);
    return stdout.trim();
  }

  /** The JSON that a command line prints. */
  async json(command: string): Promise<unknown> {
    return JSON.parse(await this.shell(command));
  }

  /** Asks the supervisor; the body of its answer, parsed if it is JSON. */
  async api(path: string, body?: unknown): Promise<unknown> {
    return (await this.ask(body === undefined ? "GET" : "POST", path, body)).body;
  }

  /** The same with the status of the answer. */
  async ask(method: "GET" | "POST" | "PATCH", path: string, body?: unknown): Promise<ApiAnswer> {
    const response = await fetch(this.url("api", path), {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { "content-type": "application/json" },
      signal: AbortSignal.timeout(minutes(1)),
    });
    const text = await response.text();
    const isJson = (response.headers.get("content-type") ?? "").includes("json");
    return { status: response.status, body: isJson ? JSON.parse(text) : text };
  }

  url(port: string, path: string): string {
    return `http://127.0.0.1:${hostPort(this.#vm, port)}${path}`;
  }

  /** Restarts the clean way and waits until another boot answers; not for apps. */
  async reboot(): Promise<void> {
    const former = await this.bootId();
    await this.shell("systemctl reboot --no-block");
    await this.untilOtherBoot(former);
  }

  /** Cuts the power as it is, and starts again with the same disk, or with other parts. Returns while it boots. */
  async cutAndStart(parts: Partial<VmSpec> = {}): Promise<void> {
    this.#session?.[Symbol.dispose]();
    await cutPower(this.#vm);
    // Host ports stay free to choose: another process may have taken the former ones.
    const ports = Object.entries(this.#vm.spec.ports).map(([name, { guest }]) => [name, { guest, host: 0 }]);
    this.#vm = await startVm(this.lab.host, { ...this.#vm.spec, ...parts, ports: Object.fromEntries(ports) });
  }

  async untilUp(): Promise<void> {
    await untilUp(this.lab, this.#vm);
  }

  async bootId(): Promise<string> {
    return await this.shell("cat /proc/sys/kernel/random/boot_id");
  }

  /** Returns when the device answers and another boot than `former` runs. */
  async untilOtherBoot(former: string): Promise<void> {
    const isOther = async (): Promise<boolean> => {
      await waitForSsh(this.lab.host, this.#vm, { timeout: BOOT_PATIENCE });
      return (await this.bootId()) !== former;
    };
    await expect.poll(isOther, { timeout: BOOT_PATIENCE, interval: 2_000 }).toBe(true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#session?.[Symbol.dispose]();
    await removeVm(this.lab.host.home, this.#vm.name);
  }
}
