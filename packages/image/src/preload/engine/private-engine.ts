import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { messageOf, type ToolCommand, worldError } from "@holdfast/contracts";
import { endGroup } from "../../process/end-group.ts";
import type { IdNamespace } from "../ids/id-mapping.ts";
import { removeWithIds, spawnWithIds } from "../ids/spawn-with-ids.ts";
import type { BuildEngine } from "./build-engine.ts";
import { connectEngine } from "./connect-engine.ts";
import { engineCommand, engineFiles, engineSocket, pullSocket } from "./engine-command.ts";
import { startPullProxy } from "./pull-proxy.ts";

/** From start to the first answer; a loaded machine needs several seconds. */
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 15_000;
const POLL_MS = 100;
/** Of the 107 bytes that a socket's address may have, the engine's own names take 60. */
const LONGEST_PARENT = 45;

export type PrivateEngineOptions = {
  /** Runs programs of the tools tree. */
  readonly command: ToolCommand;
  /** Where the engine keeps images and layers; results of former builds are reused. */
  readonly dataRoot: string;
  readonly proxies?: Readonly<Record<string, string>>;
  readonly ids: IdNamespace;
};

/**
 * Starts a container engine of its own from the tools tree: own socket, own store, no bridge, no firewall rules, all its
 * processes in one process namespace that ends with it. Works for root and, with subordinate ids, for any user.
 * @throws `image.engine-failed` with the last lines of the engine's log
 */
export async function startPrivateEngine(options: PrivateEngineOptions): Promise<BuildEngine & AsyncDisposable> {
  await mkdir(options.dataRoot, { recursive: true });
  const { ids } = options;
  // The engine has a /run of its own, which would hide a directory there; and addresses of sockets are short.
  const parent = tmpdir().startsWith("/run/") || tmpdir().length > LONGEST_PARENT ? "/tmp" : tmpdir();
  const run = await mkdtemp(join(parent, "holdfast-engine-"));
  const places = { dataRoot: options.dataRoot, run };
  await using started = new AsyncDisposableStack();
  started.defer(() => removeWithIds(ids, run));
  for (const [file, text] of Object.entries(engineFiles(places))) await writeFile(file, text);
  started.use(await startPullProxy(pullSocket(places)));
  const child = await spawnWithIds(ids, options.command(engineCommand(places)));
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
  };
  started.defer(stop);
  try {
    const engine = await waitForAnswer(engineSocket(places), ended, options.proxies ?? {});
    const kept = started.move();
    return { ...engine, [Symbol.asyncDispose]: () => kept.disposeAsync() };
  } catch (cause) {
    await started.disposeAsync();
    const last = log
      .filter((line) => /level=(error|fatal)|^failed|^unshare|^bwrap|^mount|^containerd:|^ip:/.test(line))
      .slice(-3);
    throw worldError("image.engine-failed", {
      message: `The private container engine did not start: ${[messageOf(cause), ...last].join(" | ")}.`,
      hint: "The machine must allow mounts in namespaces; inside a container, run that container privileged.",
      cause,
    });
  }
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
