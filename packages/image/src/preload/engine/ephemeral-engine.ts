import { join } from "node:path";
import type { ToolCommand } from "@holdfast/contracts";
import { defaultMirror, type Mirror } from "../../apt/mirror.ts";
import { prune, TEMPORARY } from "../../cache/build-once.ts";
import { ownedName } from "../../cache/owned-name.ts";
import { openIdNamespace } from "../ids/id-namespace.ts";
import { removeWithIds } from "../ids/spawn-with-ids.ts";
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
 * @throws `image.engine-failed`, `image.missing-program`
 */
export async function openEphemeralEngine(options: EphemeralEngineOptions): Promise<BuildEngine & AsyncDisposable> {
  const { command, cache, mirror } = options;
  const parent = join(cache, "builder");
  const ids = await openIdNamespace();
  const remove = (directory: string) => removeWithIds(ids, directory);
  await prune(parent, { count: 0, remove });
  // The name by which `prune` knows what a crashed process left.
  const dataRoot = join(parent, ownedName(TEMPORARY));
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => remove(dataRoot));
  const proxies = { ...options.proxies, ...mirror?.proxies };
  if (mirror !== undefined && isOwnMirror(mirror)) proxies["http"] = cleanup.use(await startMirrorProxy(mirror)).uri;
  const named = Object.entries(proxies).map(([scheme, uri]) => [`${scheme}_proxy`, uri]);
  const engine = cleanup.use(await startPrivateEngine({ command, dataRoot, ids, proxies: Object.fromEntries(named) }));
  // From here on, whoever disposes of the engine disposes of all.
  const kept = cleanup.move();
  return { ...engine, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const isOwnMirror = ({ debian, security }: Mirror): boolean =>
  debian !== defaultMirror.debian || security !== defaultMirror.security;
