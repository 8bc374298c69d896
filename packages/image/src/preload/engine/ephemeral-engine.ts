import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ToolCommand } from "@holdfast/contracts";
import { prune } from "../../cache/build-once.ts";
import type { BuildEngine } from "./build-engine.ts";
import { startPrivateEngine } from "./private-engine.ts";

export type EphemeralEngineOptions = {
  readonly command: ToolCommand;
  readonly cache: string;
  /** Proxies of the build machine, by scheme. */
  readonly proxies?: Readonly<Record<string, string>>;
};

/**
 * A private engine with an empty store that vanishes with it: builds see nothing of former builds, and several can run
 * at once. What is worth keeping are the finished images, in the cache of stages.
 * @throws `image.engine-failed`
 */
export async function openEphemeralEngine(options: EphemeralEngineOptions): Promise<BuildEngine & AsyncDisposable> {
  const { command, cache, proxies = {} } = options;
  const parent = join(cache, "builder");
  await prune(parent, 0);
  // The name by which `prune` knows what a crashed process left.
  const dataRoot = join(parent, `.making-${randomBytes(6).toString("hex")}`);
  const named = Object.entries(proxies).map(([scheme, uri]) => [`${scheme}_proxy`, uri]);
  try {
    const engine = await startPrivateEngine({ command, dataRoot, proxies: Object.fromEntries(named) });
    return {
      ...engine,
      [Symbol.asyncDispose]: async () => {
        await engine[Symbol.asyncDispose]();
        await rm(dataRoot, { recursive: true, force: true });
      },
    };
  } catch (cause) {
    await rm(dataRoot, { recursive: true, force: true });
    throw cause;
  }
}
