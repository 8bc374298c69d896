import { copyFile, mkdtemp, open } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PrivateEngine } from "../../e2e/engine/private-engine.ts";
import { SupervisorProcess } from "../../e2e/engine/supervisor-process.ts";
import { endScene } from "../../e2e/engine/supervisor-scene.ts";
import { listenOnLoopback } from "../../e2e/machine/listen-on-loopback.ts";
import { BareServer } from "./bare-server.ts";
import { IMAGES } from "./targets.ts";

/** An engine of its own, a supervisor that is not started yet, and the bare server beside it. */
export type Scene = {
  readonly engine: PrivateEngine;
  readonly supervisor: SupervisorProcess;
  readonly bare: BareServer;
  readonly signal: AbortSignal;
};

/**
 * Runs the work in a scene. Each server has a copy of Node's program to itself, as it has on a device: of pages that it
 * shared with this process or with the other server, it would be counted a part only.
 */
export async function withScene<T>(
  { node, signal }: { readonly node: string; readonly signal: AbortSignal },
  work: (scene: Scene) => Promise<T>,
): Promise<T> {
  const scratch = await mkdtemp(join(tmpdir(), "holdfast-bench-supervisor-"));
  const started: { stop: () => Promise<unknown> }[] = [];
  try {
    const engine = await PrivateEngine.start(join(scratch, "engine"));
    started.unshift(engine);
    await engine.importShell(IMAGES);
    const [own, other] = [await copyOf(node, join(scratch, "node")), await copyOf(node, join(scratch, "bare-node"))];
    const supervisor = await SupervisorProcess.prepare(join(scratch, "supervisor"), engine.socket, own);
    started.unshift(supervisor);
    const bare = new BareServer(other, await freePort());
    started.unshift(bare);
    return await work({ engine, supervisor, bare, signal });
  } finally {
    await endScene(scratch, started);
  }
}

async function copyOf(file: string, to: string): Promise<string> {
  await copyFile(file, to);
  // Pages that are still to be written count as another kind of memory.
  await using handle = await open(to);
  await handle.sync();
  return to;
}

/** A port that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnLoopback(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
