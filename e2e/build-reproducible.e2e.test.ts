import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { expect, test } from "vitest";
import { holdfast, type ProgramOptions } from "./build/run-program.ts";
import { openWorkFolder, warmCache } from "./build/warm-cache.ts";

test("the image has the same bytes from empty caches elsewhere, offline, with another time zone, umask, locale and user", async () => {
  await using work = await openWorkFolder("reproducible");
  const [here, elsewhere] = [join(work.folder, "first"), join(work.folder, "a folder elsewhere")];
  const first = await buildImage(here);
  // Inside this namespace the process is an ordinary user: no capabilities, and nothing belongs to uid 0.
  const asOrdinaryUser = ["bwrap", "--unshare-user", "--uid", "4321", "--gid", "4321", "--dev-bind", "/", "/"];
  const offline = ["--unshare-net"];
  const second = await buildImage(elsewhere, {
    // On a new machine only the first build's cache has all packages.
    downloads: join(here, "cache"),
    wrapper: [...asOrdinaryUser, ...offline, "sh", "-c", 'umask 077; exec "$@"', "sh"],
    env: { TZ: "Pacific/Kiritimati", LC_ALL: "tr_TR.UTF-8", USER: "someone" },
  });
  expect([...first.keys()].map((name) => name.replace(/^.*\./, ""))).toEqual(
    expect.arrayContaining(["img", "zst", "bmap", "json"]),
  );
  expect(Object.fromEntries(second)).toEqual(Object.fromEntries(first));
});

/** Builds with an empty stage cache; package files and Node's compressed layer are shared. Returns name -> SHA-256. */
async function buildImage(
  folder: string,
  { env, downloads, ...options }: ProgramOptions & { readonly downloads?: string } = {},
): Promise<Map<string, string>> {
  const [cache, out] = [join(folder, "cache"), join(folder, "out")];
  await mkdir(out, { recursive: true });
  await warmCache(cache, { debs: true, tools: true, node: true, apt: true }, downloads);
  const args = ["build", "--board", "generic-amd64", "--variant", "development", "--out", out];
  const outcome = await holdfast(args, { ...options, env: { ...env, HOLDFAST_CACHE: cache } });
  expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
  const [stage = ""] = await readdir(join(cache, "stages/image"));
  const digests = new Map<string, string>();
  for (const directory of [out, join(cache, "stages/image", stage)])
    for (const name of (await readdir(directory)).filter((file) => file !== "disk.json"))
      digests.set(name, await digestOf(join(directory, name)));
  return digests;
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { highWaterMark: 2 ** 20 }), hash);
  return hash.digest("hex");
}
