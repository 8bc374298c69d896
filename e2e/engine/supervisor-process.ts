import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { mib } from "@holdfast/contracts";
import { buildSupervisorBundle, nodeStart } from "@holdfast/supervisor";
import { listenOnLoopback } from "../machine/listen-on-loopback.ts";
import { confined } from "./confined.ts";
import { MemoryGroup } from "./memory-group.ts";

/** What the supervisor has to do with: the kernel kills it beyond, and its suite fails. */
const MEMORY_MAX = mib(96);

export type StateStatus = {
  readonly appState: string;
  readonly release?: string;
  readonly containers: readonly {
    readonly serviceName: string;
    readonly status: string;
    readonly containerId: string;
  }[];
};

/** The real bundle as a process on directories of the test, with no more memory and rights than on a device. */
export class SupervisorProcess {
  readonly directory: string;
  readonly port: number;
  /** Where the engine answers over TCP in development mode. */
  readonly gatewayPort: number;
  readonly #socket: string;
  readonly #node: string;
  #process: ChildProcess | undefined;
  #group: MemoryGroup | undefined;
  #output = "";
  #journalLines = 0;

  private constructor(
    directory: string,
    { socket, node }: { readonly socket: string; readonly node: string },
    ports: { readonly api: number; readonly gateway: number },
  ) {
    this.directory = directory;
    this.#socket = socket;
    this.#node = node;
    this.port = ports.api;
    this.gatewayPort = ports.gateway;
  }

  /** Bundles the supervisor into the directory; it is not started yet. `node` is the program that will run it. */
  static async prepare(directory: string, socket: string, node = process.execPath): Promise<SupervisorProcess> {
    for (const folder of ["app", "data", "preload", "runtime", "host", "run"])
      mkdirSync(join(directory, folder), { recursive: true });
    const { files } = await buildSupervisorBundle();
    for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, "app", name), content);
    const ports = { api: await freePort(), gateway: await freePort() };
    const supervisor = new SupervisorProcess(directory, { socket, node }, ports);
    writeFileSync(join(directory, "journal"), "");
    writeFileSync(join(directory, "journalctl"), journalctl(join(directory, "journal")));
    chmodSync(join(directory, "journalctl"), 0o755);
    supervisor.setDevelopmentMode(true);
    return supervisor;
  }

  /** As the host does: a file that is there, or not. */
  setDevelopmentMode(isOn: boolean): void {
    const flag = join(this.directory, "run/development");
    if (isOn) writeFileSync(flag, "");
    else rmSync(flag, { force: true });
  }

  /** What it wishes of the host's firewall. */
  firewallWish(): unknown {
    return JSON.parse(readFileSync(join(this.directory, "host/firewall.json"), "utf8"));
  }

  /** config.json: from the next start on. */
  configure(content: object): void {
    writeFileSync(join(this.directory, "config.json"), JSON.stringify(content));
  }

  configJson(): Record<string, unknown> {
    return JSON.parse(readFileSync(join(this.directory, "config.json"), "utf8"));
  }

  /** Puts a line into the device's journal, as the engine does with what a container prints. */
  journal(containerId: string, line: string, priority = "6"): void {
    this.#journalLines += 1;
    const fields = { MESSAGE: line, PRIORITY: priority, CONTAINER_ID_FULL: containerId };
    const place = { __CURSOR: String(this.#journalLines), __REALTIME_TIMESTAMP: String(Date.now() * 1000) };
    appendFileSync(join(this.directory, "journal"), `${JSON.stringify({ ...fields, ...place })}\n`);
  }

  /** What stands for the host's journalctl; a test may put something else there. */
  get journalctl(): string {
    return join(this.directory, "journalctl");
  }

  get appsJson(): string {
    return join(this.directory, "preload/apps.json");
  }

  /** Starts the process and waits for its first /ping. */
  async start(more: Readonly<Record<string, string>> = {}): Promise<void> {
    this.launch(more);
    await this.until(async () => (await (await this.get("/ping")).text()) === "OK", "/ping answers");
  }

  /** Starts the process and returns its id. */
  launch(more: Readonly<Record<string, string>> = {}): number | undefined {
    this.#group = MemoryGroup.make(MEMORY_MAX);
    const [program, args] = this.#group.enter(...this.#command());
    const child = spawn(program, args, { env: { ...this.#environment(), ...more } });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString()).slice(-8000);
      });
    }
    return child.pid;
  }

  #command(): readonly [string, readonly string[]] {
    return confined(this.#node, [...nodeStart.flags, join(this.directory, "app/supervisor.js")]);
  }

  #environment(): Readonly<Record<string, string>> {
    return {
      ...nodeStart.environment,
      PATH: "/usr/bin:/bin",
      LISTEN_PORT: String(this.port),
      LISTEN_ADDRESS: "127.0.0.1",
      DOCKER_SOCKET: this.#socket,
      CONFIG_JSON_PATH: join(this.directory, "config.json"),
      DEVICE_TYPE_PATH: join(this.directory, "device-type.json"),
      APPS_JSON_PATH: this.appsJson,
      OS_RELEASE_PATH: "/etc/os-release",
      DATA_DIR: join(this.directory, "data"),
      RUNTIME_DIR: join(this.directory, "runtime"),
      ROOT_MOUNTPOINT: "/",
      DEVELOPMENT_FLAG_PATH: join(this.directory, "run/development"),
      HOST_CONFIG_DIR: join(this.directory, "host"),
      VPN_DIR: join(this.directory, "host"),
      ENGINE_GATEWAY_PORT: String(this.gatewayPort),
      DATA_MOUNTPOINT: this.directory,
      STATE_MOUNTPOINT: join(this.directory, "state"),
      DBUS_SOCKET: join(this.directory, "no-bus"),
      JOURNALCTL: this.journalctl,
    };
  }

  /** The most memory that was charged to it since it was started. */
  peakBytes(): number {
    return this.#group?.peakBytes() ?? 0;
  }

  /** Ends it with SIGTERM and returns how many milliseconds that took. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<number> {
    // Whoever starts it again before this ends has a group of his own by then.
    const [child, group] = [this.#process, this.#group];
    let took = 0;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const from = Date.now();
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill(signal);
      await ended;
      took = Date.now() - from;
    }
    await group?.end();
    return took;
  }

  forgetStore(): void {
    rmSync(join(this.directory, "data"), { recursive: true });
  }

  output(): string {
    return this.#output;
  }

  get(path: string): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`);
  }

  post(path: string, body: unknown, method: "POST" | "PATCH" = "POST"): Promise<Response> {
    const headers = { "content-type": "application/json" };
    return fetch(`http://127.0.0.1:${this.port}${path}`, { method, headers, body: JSON.stringify(body) });
  }

  async status(): Promise<StateStatus> {
    return (await (await this.get("/v2/state/status")).json()) as StateStatus;
  }

  /** Waits until a release is applied. */
  untilApplied(release: string): Promise<void> {
    return this.until(async () => {
      const status = await this.status();
      return status.appState === "applied" && status.release === release;
    }, `release ${release} is applied`);
  }

  /** Waits for a condition; a request that fails counts as "not yet". Shows the log when it does not come. */
  async until(condition: () => Promise<boolean>, what: string, limitMs = 20_000): Promise<void> {
    const giveUp = Date.now() + limitMs;
    while (Date.now() < giveUp) {
      if (await condition().catch(() => false)) return;
      await sleep(50);
    }
    throw new Error(`in vain for ${limitMs} ms: ${what}. The supervisor's log ends:\n${this.#output}`);
  }
}

/** A program that reads a file as journalctl reads the journal; its cursors are line numbers. */
const journalctl = (file: string): string => `#!/bin/sh
from=1 last= of= follows=
while [ $# -gt 0 ]; do
  case $1 in
    --after-cursor=*) from=$((\${1#--after-cursor=} + 1)) ;;
    --lines=0) from=$(($(wc -l <${file}) + 1)) ;;
    --follow) follows=yes ;;
    -n) last=$2; shift ;;
    CONTAINER_ID_FULL=*) of=\${1#*=} ;;
  esac
  shift
done
[ -z "$follows" ] || exec tail -n +$from -F ${file}
grep -F -e "$of" ${file} | tail -n "\${last:-+1}"
`;

/** A port that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnLoopback(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
