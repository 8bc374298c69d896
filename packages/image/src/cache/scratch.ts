import { mkdir, readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { isAbandoned, ownedName } from "./owned-name.ts";

const PREFIX = "scratch-";

/** A directory below the cache that is removed with all its content when its user is done, however that ends. */
export type Scratch = AsyncDisposable & { readonly directory: string };

/** Makes a scratch directory, and removes those of builders that were killed. */
export async function openScratch(cache: string): Promise<Scratch> {
  await sweepScratch(cache);
  const directory = path.join(cache, ownedName(PREFIX));
  await mkdir(directory, { recursive: true });
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}

async function sweepScratch(cache: string): Promise<void> {
  for (const name of await readdir(cache).catch(() => [])) {
    if (!name.startsWith(PREFIX)) continue;
    const directory = path.join(cache, name);
    const status = await stat(directory).catch(() => undefined);
    if (status !== undefined && isAbandoned(name, PREFIX, status.mtimeMs))
      await rm(directory, { recursive: true, force: true }).catch(() => {});
  }
}
