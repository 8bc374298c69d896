import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RESERVE_GROUP } from "@holdfast/host";
import { cacheRoot, findMirror, runTool, type ToolsTree, toolCommand, toolsTree } from "@holdfast/image";
import { pack } from "tar-stream";
import { EngineClient } from "./engine-client.ts";

const START_LIMIT_MS = 30_000;

/** What test containers run; dash has `kill` and `trap` built in. */
const SHELL_FILES = [
  "usr/bin/sh",
  "usr/bin/sleep",
  "usr/bin/true",
  "usr/lib64/ld-linux-x86-64.so.2",
  "usr/lib/x86_64-linux-gnu/libc.so.6",
];

/** crun refuses a machine that has cgroup v1 and v2 side by side; in this mount namespace the second one can go. */
const WAIT_INSIDE = "umount -l /sys/fs/cgroup/unified 2>/dev/null; exec sleep infinity";

/**
 * A dockerd of the test's own, the same as on devices: from the tools tree, with store, sockets and namespaces (network,
 * mounts, processes) of its own. Two dockerds in one network namespace disturb each other's bridges; and with the
 * namespaces ends everything that was started in them.
 */
export class PrivateEngine {
  readonly socket: string;
  readonly client: EngineClient;
  readonly #directory: string;
  readonly #tools: ToolsTree;
  readonly #namespaces: ChildProcess;
  readonly #runtime: string;
  #process: ChildProcess | undefined;

  private constructor(directory: string, tools: ToolsTree, namespaces: ChildProcess, runtime: string) {
    this.#tools = tools;
    this.#runtime = runtime;
    this.#directory = directory;
    this.#namespaces = namespaces;
    this.socket = join(directory, "engine.sock");
    this.client = new EngineClient(this.socket);
  }

  /**
   * Composes the tools tree if need be; `runtime` is what starts containers, as crun does. Throws, saying what is missing,
   * when this machine cannot run an engine.
   */
  static async start(directory: string, runtime = "/usr/bin/crun"): Promise<PrivateEngine> {
    if (process.getuid?.() !== 0) throw new Error("dockerd needs root: run this suite as root");
    mkdirSync(directory, { recursive: true });
    const tree = await toolsTree({ cache: cacheRoot(process.env), mirror: await findMirror(process.env) });
    const apart = ["--net", "--mount", "--mount-proc", "--pid", "--fork", "--kill-child=KILL", "--"] as const;
    const [program, ...args] = toolCommand(tree)(["unshare", ...apart, "sh", "-c", WAIT_INSIDE]);
    const engine = new PrivateEngine(directory, tree, spawn(program, args, { stdio: "ignore" }), runtime);
    await engine.start();
    return engine;
  }

  /** Starts dockerd and waits for its first answer. */
  async start(): Promise<void> {
    const flags = [
      ...["--data-root", join(this.#directory, "data"), "--exec-root", join(this.#directory, "exec")],
      ...["--pidfile", join(this.#directory, "docker.pid"), "-H", `unix://${this.socket}`],
      ...["--bridge=none", "--iptables=false", "--ip6tables=false", "--live-restore", "--log-level=error"],
      ...[
        "--default-shm-size=8m",
        "--log-driver=local",
        `--add-runtime=crun=${this.#runtime}`,
        "--default-runtime=crun",
      ],
    ];
    const init = await innermostChild(this.#namespaces, "sleep");
    const inside = ["--target", String(init), "--net", "--mount", "--pid", "--"];
    const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };
    // On a device it may use what the filesystem holds back by a capability, which machines that run tests may lack.
    const daemon = ["--groups", String(RESERVE_GROUP), "nsenter", ...inside, "/usr/sbin/dockerd", ...flags];
    this.#process = spawn("setpriv", daemon, {
      stdio: ["ignore", "ignore", "pipe"],
      env,
    });
    let complaints = "";
    this.#process.stderr?.on("data", (chunk: Buffer) => {
      complaints = (complaints + chunk.toString()).slice(-2000);
    });
    const giveUp = Date.now() + START_LIMIT_MS;
    while (Date.now() < giveUp && this.#process.exitCode === null) {
      const isUp = await this.client.call("GET", "/_ping").then(
        () => true,
        () => false,
      );
      if (isUp) return;
      await sleep(50);
    }
    throw new Error(`dockerd did not start: ${complaints}`);
  }

  /** Ends dockerd without any warning; containers live on. */
  async kill(): Promise<void> {
    const daemon = this.#process;
    if (daemon === undefined) return;
    const ended = new Promise((resolve) => daemon.once("exit", resolve));
    process.kill(await innermostChild(daemon, "dockerd"), "SIGKILL");
    await ended;
    // Its containerd dies with it, and leaves a pid file that the next dockerd would believe.
    await sleep(200);
    for (const file of ["docker.pid", "exec/containerd/containerd.pid"]) {
      rmSync(join(this.#directory, file), { force: true });
    }
  }

  /** Ends dockerd, containerd and all containers, and deletes the store. */
  async stop(): Promise<void> {
    // Removing containers removes their cgroups, which no namespace takes along.
    for (const { Id } of (await this.client.containers().catch(() => new Map<string, { Id: string }>())).values()) {
      await this.client.call("DELETE", `/containers/${Id}?force=true&v=true`).catch(() => {});
    }
    const ended = new Promise((resolve) => this.#namespaces.once("exit", resolve));
    this.#namespaces.kill("SIGKILL");
    await ended;
    await sleep(200);
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  /** Runs docker's own command line, in this machine's network. @throws when its status is not 0 */
  async docker(args: readonly string[], input = ""): Promise<{ readonly stdout: string; readonly stderr: string }> {
    return await runTool(this.#tools, ["docker", ...args], { input: Buffer.from(input) });
  }

  /** Makes an image that holds a shell and little else, taken from the tools tree, under each of the names. */
  async importShell(names: readonly string[]): Promise<void> {
    const archive = pack();
    for (const name of ["tmp", "data", "usr", "usr/bin", "usr/lib", "usr/lib64"])
      archive.entry({ name, type: "directory" });
    for (const name of ["bin", "lib", "lib64"]) archive.entry({ name, type: "symlink", linkname: `usr/${name}` });
    for (const name of SHELL_FILES) archive.entry({ name, mode: 0o755 }, readFileSync(join(this.#tools.root, name)));
    archive.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of archive) chunks.push(chunk as Buffer);
    const [first = "test:latest", ...others] = names;
    const query = (name: string) =>
      new URLSearchParams({ repo: name.split(":")[0] ?? "", tag: name.split(":")[1] ?? "" });
    await this.client.call("POST", `/images/create?fromSrc=-&${query(first)}`, Buffer.concat(chunks));
    for (const other of others) await this.client.call("POST", `/images/${first}/tag?${query(other)}`);
  }
}

/** The process id of the first descendant that runs a program of that name, once there is one. */
async function innermostChild(ancestor: ChildProcess, name: string): Promise<number> {
  for (let tries = 0; tries < 200; tries += 1) {
    for (let pid = childOf(ancestor.pid); pid !== undefined; pid = childOf(pid)) {
      if (readFileSync(`/proc/${pid}/comm`, "utf8").trim() === name) return pid;
    }
    await sleep(20);
  }
  throw new Error(`${name} did not start: entering the tools tree needs bubblewrap, and its namespaces need root`);
}

function childOf(pid: number | undefined): number | undefined {
  try {
    const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    return first === undefined || first === "" ? undefined : Number(first);
  } catch {
    return undefined;
  }
}
