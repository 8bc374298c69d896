import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { runTool, type ToolsTree, toolCommand } from "@holdfast/image";

const START_LIMIT_MS = 60_000;

/** The device's engine from the tools tree, with networks: in network and process namespaces of its own. */
export type IsolatedEngine = AsyncDisposable & {
  /** Runs the docker client and gives what it prints. */
  readonly docker: (...args: string[]) => Promise<string>;
};

export async function startIsolatedEngine(tools: ToolsTree): Promise<IsolatedEngine> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-isolated-"));
  const host = `unix://${join(folder, "engine.sock")}`;
  // crun wants one version of cgroups; this mount namespace is the engine's own.
  const script = `umount -l /sys/fs/cgroup/unified 2>/dev/null; ip link set lo up; exec dockerd \
    --data-root ${folder}/data --exec-root ${folder}/exec --pidfile ${folder}/pid --host ${host} \
    --add-runtime crun=/usr/bin/crun --default-runtime crun --log-level warn`;
  const [program, ...args] = toolCommand(tools)([
    ...(["unshare", "--net", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"] as const),
    ...["sh", "-c", script],
  ]);
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-4000);
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const docker = async (...rest: string[]) => (await runTool(tools, ["docker", "--host", host, ...rest])).stdout;
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  for (const limit = Date.now() + START_LIMIT_MS; ; await pause(300)) {
    if (await docker("version").catch(() => undefined)) break;
    if (Date.now() < limit && child.exitCode === null) continue;
    await stop();
    throw new Error(`the engine did not start: ${log}`);
  }
  return { docker, [Symbol.asyncDispose]: stop };
}
