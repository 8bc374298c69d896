import { spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdir, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { cacheRoot } from "@holdfast/image";
import { warmCache } from "../build/warm-cache.ts";

const checkout = resolve(import.meta.dirname, "../..");
/** Compressed pieces of the supervisor's image: over a minute of work, and a stage of its own. */
const FRAMES = "stages/layer-frame";
/** Numbers that no account of this machine is likely to have. */
const ID = 54_321;
const SUBORDINATE = 54_400_000;

/** An ordinary user of this machine who exists for one test: an account with subordinate ids, a folder, this checkout. */
export type OrdinaryUser = {
  /** What a program is started by to be the user's. */
  readonly wrapper: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The user's own directory, with `cache` in it. */
  readonly folder: string;
  /** Where the user sees this checkout and its Node, whoever owns them. */
  readonly checkout: string;
  readonly node: string;
};

/**
 * Prepares the user's files below a folder. The account is in a mount namespace only; the machine's own files stay as they
 * are. The cache has the machine's package files, tools and compressed frames, nothing else.
 * @throws Error that says what is missing: it needs root and newuidmap
 */
export async function ordinaryUser(folder: string): Promise<OrdinaryUser> {
  if (process.getuid?.() !== 0) throw new Error("another user can be played by root only; run this suite with sudo");
  await runHere("command -v newuidmap >/dev/null || apt-get install -y --no-install-recommends uidmap");
  const [own, seen, cache] = [join(folder, "home"), join(folder, "checkout"), join(folder, "home/cache")];
  // Package files are the user's own: some may have to be fetched.
  await warmCache(cache, { debs: true });
  const shared = ["tools", "node"];
  for (const name of shared) await mkdir(join(cacheRoot(process.env), name), { recursive: true });
  const directories = [own, seen, cache, join(cache, "stages"), join(cache, "debs")];
  for (const directory of [...directories, ...shared.map((name) => join(cache, name))]) {
    await mkdir(directory, { recursive: true });
    await chown(directory, ID, ID);
  }
  await ownCopy(join(cacheRoot(process.env), FRAMES), join(cache, FRAMES));
  const accounts: Readonly<Record<string, string>> = {
    passwd: `someone:x:${ID}:${ID}::${own}:/bin/sh\n`,
    group: `someone:x:${ID}:\n`,
    subuid: `someone:${SUBORDINATE}:65536\n`,
    subgid: `someone:${SUBORDINATE}:65536\n`,
  };
  for (const [name, text] of Object.entries(accounts)) await writeFile(join(folder, name), text);
  const mounts = [
    ...Object.keys(accounts).map((name) => [join(folder, name), `/etc/${name}`]),
    [checkout, seen],
    ...shared.map((name) => [join(cacheRoot(process.env), name), join(cache, name)]),
  ];
  const login = `exec setpriv --reuid=${ID} --regid=${ID} --clear-groups "$@"`;
  const script = [...mounts.map((mount) => `mount --bind ${mount.join(" ")}`), login].join(" && ");
  return {
    wrapper: ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"],
    env: { HOME: own, HOLDFAST_CACHE: cache },
    folder: own,
    checkout: seen,
    node: join(seen, relative(checkout, process.execPath)),
  };
}

/**
 * Links what is compressed already, into directories of the user's own: frames that this checkout needs and nobody has made
 * yet are made by the user.
 */
async function ownCopy(from: string, to: string): Promise<void> {
  await mkdir(from, { recursive: true });
  await mkdir(to, { recursive: true });
  await runHere(`cp --archive --link ${from}/. ${to} 2>/dev/null || cp --archive ${from}/. ${to}`);
  await runHere(`find ${to} -type d -exec chown ${ID}:${ID} {} +`);
}

async function runHere(command: string): Promise<void> {
  const [status] = await once(spawn("sh", ["-c", command], { stdio: "ignore" }), "close");
  if (status !== 0) throw new Error(`${command} ended with ${status}`);
}
