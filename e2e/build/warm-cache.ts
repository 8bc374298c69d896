import { copyFile, link, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { cacheRoot } from "@holdfast/image";

/** A directory for tests of the builder, on the disk of the machine's cache so that its files can be linked. */
export async function openWorkFolder(name: string): Promise<AsyncDisposable & { readonly folder: string }> {
  const parent = join(cacheRoot(process.env), "e2e");
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, `${name}-`));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

export type WarmParts = {
  /** The package files themselves, without what was unpacked of them. */
  readonly debs?: boolean;
  /** The tools tree. */
  readonly tools?: boolean;
  /** Node's program for the supervisor's image, and its compressed layer: over a minute of work that is a stage of its own. */
  readonly node?: boolean;
  /** The private state of apt with its package lists. */
  readonly apt?: boolean;
};

/** Makes an empty cache that already holds what would have to be downloaded, taken from the machine's own unless said otherwise. */
export async function warmCache(cache: string, parts: WarmParts, from = cacheRoot(process.env)): Promise<void> {
  await mkdir(join(cache, "stages"), { recursive: true });
  if (parts.debs === true) await linkFiles(join(from, "debs"), join(cache, "debs"), /^[0-9a-f]{64}\.deb$/);
  const shared = [
    ...(parts.tools === true ? ["tools"] : []),
    ...(parts.apt === true ? ["apt"] : []),
    ...(parts.node === true ? ["node", "stages/layer-frame"] : []),
  ];
  for (const name of shared) {
    await mkdir(join(from, name), { recursive: true });
    await symlink(join(from, name), join(cache, name));
  }
}

async function linkFiles(from: string, to: string, wanted: RegExp): Promise<void> {
  await mkdir(to, { recursive: true });
  // On a new machine there is nothing yet.
  const names = await readdir(from).catch(() => []);
  for (const name of names.filter((candidate) => wanted.test(candidate)))
    await link(join(from, name), join(to, name)).catch(() => copyFile(join(from, name), join(to, name)));
}
