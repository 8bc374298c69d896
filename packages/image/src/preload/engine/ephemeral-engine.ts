import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ToolCommand } from "@holdfast/contracts";
import { defaultMirror, type Mirror } from "../../apt/mirror.ts";
import { prune } from "../../cache/build-once.ts";
import type { BuildEngine } from "./build-engine.ts";
import { startMirrorProxy } from "./mirror-proxy.ts";
import { startPrivateEngine } from "./private-engine.ts";

export type EphemeralEngineOptions = {
  readonly command: ToolCommand;
  readonly cache: string;
  /** Proxies of the build machine, by scheme. */
  readonly proxies?: Readonly<Record<string, string>>;
  /** Where builds get Debian's packages from instead of the public archive that images name; its proxies count, too. */
  readonly mirror?: Mirror;
};

/**
 * A private engine with an empty store that vanishes with it: builds see nothing of former builds, and several can run
 * at once. What is worth keeping are the finished images, in the cache of stages.
 * @throws `image.engine-failed`
 */
export async function openEphemeralEngine(options: EphemeralEngineOptions): Promise<BuildEngine & AsyncDisposable> {
  const { command, cache, mirror } = options;
  const parent = join(cache, "builder");
  await prune(parent, { count: 0 });
  // The name by which `prune` knows what a crashed process left.
  const dataRoot = join(parent, `.making-${randomBytes(6).toString("hex")}`);
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(dataRoot, { recursive: true, force: true }));
  const proxies = { ...options.proxies, ...mirror?.proxies };
  if (mirror !== undefined && isOwnMirror(mirror)) proxies["http"] = cleanup.use(await startMirrorProxy(mirror)).uri;
  const named = Object.entries(proxies).map(([scheme, uri]) => [`${scheme}_proxy`, uri]);
  const engine = cleanup.use(await startPrivateEngine({ command, dataRoot, proxies: Object.fromEntries(named) }));
  // From here on, whoever disposes of the engine disposes of all.
  const kept = cleanup.move();
  return { ...engine, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const isOwnMirror = ({ debian, security }: Mirror): boolean =>
  debian !== defaultMirror.debian || security !== defaultMirror.security;
