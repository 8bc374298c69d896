import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { accessSync, constants, mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pack } from "tar-stream";
import { EngineClient } from "./engine-client.ts";

const START_LIMIT_MS = 20_000;

/**
 * A dockerd of the test's own, with store, sockets and namespaces (network, mounts, processes) of its own: two dockerds
 * in one network disturb each other's bridges, and with the namespaces ends everything that was started in them.
 */
export class PrivateEngine {
  readonly socket: string;
  readonly client: EngineClient;
  readonly #directory: string;
  readonly #program: string;
  readonly #namespaces: ChildProcess;
  #process: ChildProcess | undefined;

  private constructor(directory: string, program: string) {
    this.#directory = directory;
    this.#program = program;
    this.#namespaces = spawn(
      "unshare",
      ["--net", "--mount", "--mount-proc", "--pid", "--fork", "--kill-child", "sleep", "infinity"],
      {
        stdio: "ignore",
      },
    );
    this.socket = join(directory, "engine.sock");
    this.client = new EngineClient(this.socket);
  }

  /** Throws, saying what is missing, when this machine has no dockerd or may not run it. */
  static async start(directory: string): Promise<PrivateEngine> {
    const program = process.env["HOLDFAST_DOCKERD"] ?? findProgram("dockerd");
    if (program === undefined) {
      throw new Error("dockerd is missing: install docker.io, or name the program in HOLDFAST_DOCKERD");
    }
    if (process.getuid?.() !== 0) throw new Error("dockerd needs root: run this suite as root");
    mkdirSync(directory, { recursive: true });
    const engine = new PrivateEngine(directory, program);
    await engine.start();
    return engine;
  }

  /** Starts dockerd and waits for its first answer. */
  async start(): Promise<void> {
    const flags = [
      ...["--data-root", join(this.#directory, "data"), "--exec-root", join(this.#directory, "exec")],
      ...["--pidfile", join(this.#directory, "docker.pid"), "-H", `unix://${this.socket}`],
      ...["--bridge=none", "--iptables=false", "--ip6tables=false", "--live-restore", "--log-level=error"],
      ...["--default-shm-size=8m", "--log-driver=local"],
    ];
    const init = await childOf(this.#namespaces);
    const inside = ["--target", String(init), "--net", "--mount", "--pid"];
    this.#process = spawn("nsenter", [...inside, this.#program, ...flags], { stdio: ["ignore", "ignore", "pipe"] });
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
    process.kill(await childOf(daemon), "SIGKILL");
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

  /** Makes an image whose only file is a static busybox, under each of the names. */
  async importBusybox(names: readonly string[]): Promise<void> {
    const archive = pack();
    const shell = readFileSync(findBusybox(join(this.#directory, "busybox")));
    for (const name of ["bin", "tmp", "data"]) archive.entry({ name, type: "directory", mode: 0o755 });
    archive.entry({ name: "bin/busybox", mode: 0o755 }, shell);
    for (const applet of ["sh", "sleep", "true", "cat", "kill"]) {
      archive.entry({ name: `bin/${applet}`, type: "symlink", linkname: "busybox" });
    }
    archive.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of archive) chunks.push(chunk as Buffer);
    const [first = "test:latest", ...others] = names;
    const split = (name: string) => name.split(":");
    const [repo, tag] = split(first);
    await this.client.call("POST", `/images/create?fromSrc=-&repo=${repo}&tag=${tag}`, Buffer.concat(chunks));
    for (const other of others) {
      const [otherRepo, otherTag] = split(other);
      await this.client.call("POST", `/images/${first}/tag?repo=${otherRepo}&tag=${otherTag}`);
    }
  }
}

function findProgram(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The static busybox of this machine, or the one of Debian's package, fetched without installing it. */
function findBusybox(scratch: string): string {
  const here = process.env["HOLDFAST_BUSYBOX"] ?? findProgram("busybox");
  if (here !== undefined) return here;
  mkdirSync(scratch, { recursive: true });
  try {
    execFileSync("apt-get", ["download", "busybox-static"], { cwd: scratch, stdio: "pipe" });
    execFileSync("sh", ["-c", "dpkg-deb -x busybox-static_*.deb root"], { cwd: scratch, stdio: "pipe" });
  } catch (error) {
    throw new Error("a static busybox is missing: install busybox-static, or name it in HOLDFAST_BUSYBOX", {
      cause: error,
    });
  }
  return join(scratch, "root/bin/busybox");
}

/** The process id of the only child of a process, once there is one. */
async function childOf(parent: ChildProcess): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const children = readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, "utf8").trim();
    if (children !== "") return Number(children.split(" ")[0]);
    await sleep(20);
  }
  throw new Error("the namespaces for the engine could not be made: unshare needs root and CONFIG_PID_NS");
}
