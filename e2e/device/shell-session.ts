import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { sshCommand, type Vm, type VmHost } from "@holdfast/vm";

export type ShellResult = { readonly stdout: string; readonly stderr: string; readonly status: number };

/**
 * One ssh connection for many command lines, one after the other: under emulation a key exchange takes seconds, and a
 * suite runs dozens of commands. Ends with the device; whoever asks next needs a new one.
 */
export class ShellSession implements Disposable {
  readonly #child: ChildProcessWithoutNullStreams;
  #received = "";
  #complaints = "";
  #hasEnded = false;
  #onChange = (): void => {};
  #last: Promise<unknown> = Promise.resolve();

  constructor(host: VmHost, vm: Vm) {
    const [program, ...args] = sshCommand(host, vm, { command: "exec bash" });
    this.#child = spawn(program, args);
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#received += text;
      this.#onChange();
    });
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#complaints += text;
    });
    // A write to a connection that has just ended; `close` follows.
    this.#child.stdin.on("error", () => {});
    this.#child.on("error", () => this.#end());
    this.#child.on("close", () => this.#end());
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /**
   * Runs one command line, after those that were asked for before.
   * @throws when the connection ends or it takes too long; the session is over then.
   */
  run(command: string, timeoutMs: number): Promise<ShellResult> {
    const result = this.#last.then(() => this.#runNow(command, timeoutMs));
    this.#last = result.catch(() => {});
    return result;
  }

  async #runNow(command: string, timeoutMs: number): Promise<ShellResult> {
    const mark = randomUUID();
    const errors = "/run/holdfast-test-errors";
    this.#received = "";
    const show = `printf '\\n%s %d\\n' ${mark} $?; cat ${errors}; printf '\\n%s\\n' ${mark}`;
    this.#child.stdin.write(`( ${command}\n) </dev/null 2>${errors}; ${show}\n`);
    const end = new RegExp(`^([^]*)\\n${mark} (\\d+)\\n([^]*)\\n${mark}\\n$`);
    await this.#until(() => end.test(this.#received), command, timeoutMs);
    const [, stdout = "", status = "", stderr = ""] = end.exec(this.#received) ?? [];
    return { stdout, stderr, status: Number(status) };
  }

  #until(isThere: () => boolean, command: string, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (failure?: string): void => {
        clearTimeout(timer);
        this.#onChange = () => {};
        if (failure === undefined) {
          resolve();
          return;
        }
        this[Symbol.dispose]();
        reject(new Error(`\`${command.slice(0, 200)}\`: ${failure} ${this.#complaints.slice(-500)}`));
      };
      const timer = setTimeout(() => settle(`no end within ${timeoutMs / 1000} s.`), timeoutMs);
      this.#onChange = () => {
        if (isThere()) settle();
        else if (this.#hasEnded) settle("the connection ended.");
      };
      this.#onChange();
    });
  }

  #end(): void {
    this.#hasEnded = true;
    this.#onChange();
  }

  [Symbol.dispose](): void {
    this.#hasEnded = true;
    this.#child.kill("SIGKILL");
  }
}
