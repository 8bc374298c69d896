import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { messageOf, type ToolCommand, worldError } from "@holdfast/contracts";
import { endGroup } from "../../process/end-group.ts";
import { reproducibleEnv } from "../../process/run.ts";
import type { BuildEngine } from "./build-engine.ts";
import { connectEngine } from "./connect-engine.ts";

/** From start to the first answer; a loaded machine needs several seconds. */
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 15_000;
const POLL_MS = 100;

export type PrivateEngineOptions = {
  /** Runs programs of the tools tree. */
  readonly command: ToolCommand;
  /** Where the engine keeps images and layers; results of former builds are reused. */
  readonly dataRoot: string;
  readonly proxies?: Readonly<Record<string, string>>;
};

/**
 * Starts a container engine of its own from the tools tree: own socket, own store, no bridge, no firewall rules, all its
 * processes in one process namespace that ends with it. Needs root.
 * @throws `image.engine-failed` with the last lines of the engine's log
 */
export async function startPrivateEngine(options: PrivateEngineOptions): Promise<BuildEngine & AsyncDisposable> {
  if (process.getuid?.() !== 0) {
    throw worldError("image.engine-failed", {
      message: "Building a compose project's Dockerfiles needs root: the private container engine mounts filesystems.",
      hint: "Run the same command with sudo, or build with the engine of a running device.",
    });
  }
  await mkdir(options.dataRoot, { recursive: true });
  const run = await mkdtemp(join(tmpdir(), "holdfast-engine-"));
  const socketPath = join(run, "engine.sock");
  const [program, ...args] = options.command(engineCommand(options.dataRoot, run));
  // A group of its own: killing bubblewrap's first process right after the start would leave its second one waiting.
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...reproducibleEnv }, detached: true });
  const log: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      log.push(
        ...chunk
          .toString()
          .split("\n")
          .filter((line) => line !== ""),
      );
      log.splice(0, Math.max(0, log.length - 40));
    });
  }
  const ended = new Promise<string>((resolve) => {
    child.once("error", (cause) => resolve(messageOf(cause)));
    child.once("close", (code, signal) => resolve(`it ended with ${signal ?? `status ${code}`}`));
  });
  const stop = async (): Promise<void> => {
    // bubblewrap's end kills the process namespace: engine, containers, mounts. A polite end first, for its databases.
    child.stdin.end();
    await Promise.race([ended, pause(STOP_LIMIT_MS)]);
    await endGroup(child.pid);
    await ended;
    await rm(run, { recursive: true, force: true });
  };
  try {
    const engine = await waitForAnswer(socketPath, ended, options.proxies ?? {});
    return { ...engine, [Symbol.asyncDispose]: stop };
  } catch (cause) {
    await stop();
    const last = log.filter((line) => /level=(error|fatal)|^failed|^unshare|^bwrap/.test(line)).slice(-3);
    throw worldError("image.engine-failed", {
      message: `The private container engine did not start: ${[messageOf(cause), ...last].join(" | ")}.`,
      hint: "The machine must allow mounts and cgroups; inside a container, run that container privileged.",
      cause,
    });
  }
}

/**
 * crun refuses machines that have cgroup v1 and v2 side by side. In the engine's own mount namespace the second one can go;
 * elsewhere there is no such mount.
 */
const hideHybridCgroup = "umount -l /sys/fs/cgroup/unified 2>/dev/null";

/** Runs a program until standard input ends (also because whoever holds it died); then asks it to stop. */
const untilInputEnds = `${hideHybridCgroup}; exec 3<&0; "$@" & pid=$!; (cat <&3 >/dev/null; kill -TERM $pid) & wait $pid`;

function engineCommand(dataRoot: string, run: string): [string, ...string[]] {
  return [
    "unshare",
    ...["--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--"],
    ...["sh", "-c", untilInputEnds, "engine"],
    "dockerd",
    ...["--data-root", dataRoot, "--exec-root", join(run, "exec"), "--pidfile", join(run, "engine.pid")],
    ...["--host", `unix://${join(run, "engine.sock")}`],
    "--iptables=false",
    "--ip6tables=false",
    "--bridge=none",
    "--ip-forward=false",
    ...["--add-runtime", "crun=/usr/bin/crun", "--default-runtime", "crun"],
    ...["--log-level", "warn"],
  ];
}

async function waitForAnswer(socketPath: string, ended: Promise<string>, proxies: Readonly<Record<string, string>>) {
  const limit = Date.now() + START_LIMIT_MS;
  let end: string | undefined;
  void ended.then((how) => {
    end = how;
  });
  for (;;) {
    try {
      return await connectEngine({ socketPath }, proxies);
    } catch (thrown) {
      if (end !== undefined) throw new Error(end, { cause: thrown });
      if (Date.now() > limit) throw new Error(`no answer in ${START_LIMIT_MS / 1000} s: ${messageOf(thrown)}`);
      await pause(POLL_MS);
    }
  }
}
