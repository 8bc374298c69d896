import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { installedBalenaCli } from "./installed-balena-cli.ts";

const PATIENCE_MS = 120_000;
/** It gathers edits for two seconds. */
const EDIT_AGAIN_MS = 8_000;

export type CliOutcome = { readonly status: number | null; readonly output: string };

export type CliOptions = {
  /** What is piped to it. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
};

/** balena's own command line, unmodified, with a home of its own; it reports to nobody and finds no updates. */
export class BalenaCli {
  readonly version: string;
  readonly #program: string;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(installed: string, scratch: string, programs: readonly string[]) {
    const { version } = JSON.parse(readFileSync(join(installed, "node_modules/balena-cli/package.json"), "utf8"));
    this.version = String(version);
    this.#program = join(installed, "node_modules/balena-cli/bin/run.js");
    const [home, data] = [join(scratch, "home"), join(scratch, "balena")];
    for (const directory of [home, data]) mkdirSync(directory, { recursive: true });
    this.#env = {
      PATH: [...programs, dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter),
      HOME: home,
      BALENARC_DATA_DIRECTORY: data,
      BALENARC_NO_SENTRY: "1",
      BALENARC_NO_ANALYTICS: "1",
      BALENARC_UNSUPPORTED: "1",
    };
  }

  /** Installs it if need be. `programs` are directories in which it looks for programs first, as for ssh. */
  static async prepare(scratch: string, programs: readonly string[] = []): Promise<BalenaCli> {
    return new BalenaCli(await installedBalenaCli(), scratch, programs);
  }

  /** Runs it to its end. */
  async run(args: readonly string[], options: CliOptions = {}): Promise<CliOutcome> {
    const session = this.start(args, options);
    return { status: await session.ended(), output: session.output() };
  }

  start(args: readonly string[], { input = "", env = {} }: CliOptions = {}): CliSession {
    const child = spawn(process.execPath, [this.#program, ...args], { env: { ...this.#env, ...env } });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    return new CliSession(child);
  }
}

/** balena-cli at work, with what it has said so far, without colours. */
export class CliSession {
  readonly #child: ChildProcess;
  readonly #closed: Promise<number | null>;
  #output = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#closed = once(child, "close").then(([status]) => (typeof status === "number" ? status : null));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
    }
  }

  output(): string {
    return stripVTControlCharacters(this.#output);
  }

  /** How much it has said: what comes later begins there. */
  mark(): number {
    return this.output().length;
  }

  /** Waits until it says something; @throws with all that it said when it ends before, or takes too long. */
  async says(wanted: RegExp, { from = 0, patienceMs = PATIENCE_MS } = {}): Promise<string> {
    const giveUp = Date.now() + patienceMs;
    while (Date.now() < giveUp) {
      const said = wanted.exec(this.output().slice(from));
      if (said !== null) return said[0];
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) break;
      await sleep(100);
    }
    throw new Error(`balena-cli did not say ${String(wanted)}; it said:\n${this.output()}`);
  }

  /**
   * Edits until it notices that a service's files changed: it says that it watches before it does, and misses what is
   * edited right then.
   */
  async notices(edit: () => void, service: string): Promise<void> {
    const from = this.mark();
    const again = setInterval(edit, EDIT_AGAIN_MS);
    edit();
    const wanted = new RegExp(`Detected changes for container ${service}, updating`);
    await this.says(wanted, { from }).finally(() => clearInterval(again));
  }

  /** Its status; it is killed, and that counts as null, when it takes too long. */
  async ended(patienceMs = 4 * PATIENCE_MS): Promise<number | null> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), patienceMs);
    return await this.#closed.finally(() => clearTimeout(timer));
  }

  /** Ends it at once: where it waits for lines of logs, it takes minutes to heed Ctrl-C. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#closed;
  }

  /** Ends it as Ctrl-C does. */
  async interrupt(): Promise<number | null> {
    this.#child.kill("SIGINT");
    return await this.ended(PATIENCE_MS);
  }
}
