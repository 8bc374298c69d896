import { rmSync } from "node:fs";
import { join } from "node:path";
import { CrashProxy } from "./crash-proxy.ts";
import { PrivateEngine } from "./private-engine.ts";
import { SupervisorProcess } from "./supervisor-process.ts";

/**
 * An engine of the suite's own with a shell under these image names, and a supervisor that is not started yet. When that
 * fails, nothing of it runs on.
 */
export async function prepareScene(scratch: string, images: readonly string[]) {
  await using started = new AsyncDisposableStack();
  const engine = await startEngine(scratch, images, started);
  const supervisor = await SupervisorProcess.prepare(join(scratch, "supervisor"), engine.socket);
  started.move();
  return { engine, supervisor };
}

/** The same with a proxy between the two, which strikes at a step of the suite's choice. */
export async function prepareStruckScene(scratch: string, images: readonly string[]) {
  await using started = new AsyncDisposableStack();
  const engine = await startEngine(scratch, images, started);
  const proxy = started.adopt(await CrashProxy.start(join(scratch, "proxy.sock"), engine.socket), (one) => one.stop());
  const supervisor = await SupervisorProcess.prepare(join(scratch, "supervisor"), proxy.socket);
  started.move();
  return { engine, proxy, supervisor };
}

async function startEngine(
  scratch: string,
  images: readonly string[],
  started: AsyncDisposableStack,
): Promise<PrivateEngine> {
  const engine = started.adopt(await PrivateEngine.start(join(scratch, "engine")), (one) => one.stop());
  await engine.importShell([...images]);
  return engine;
}

type Stoppable = { readonly stop: () => Promise<unknown> };

/** Ends what was started, in this order, and removes its files; what a failed set-up left out is passed over. */
export async function endScene(scratch: string, started: readonly (Stoppable | undefined)[]): Promise<void> {
  for (const one of started) await one?.stop();
  rmSync(scratch, { recursive: true, force: true });
}
