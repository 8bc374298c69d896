import { mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { debPath, forgetUnusedDebs } from "./deb-cache.ts";
import { VERIFIED_TIME } from "./download-file.ts";
import { fetchDebs } from "./fetch-debs.ts";
import { type LocalMirror, startLocalMirror } from "./local-mirror.ts";
import { describeChange, type Lock } from "./lock.ts";
import { resolvePackages } from "./resolve-packages.ts";

let directory: string;
let cache: string;
let local: LocalMirror;
const app = { name: "app", version: "1.0", depends: "libone, libtwo" };
const one = { name: "libone", version: "1:1.0" };
const two = { name: "libtwo", version: "1.0~rc1+b2" };

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "holdfast-mirror-"));
  cache = path.join(directory, "cache");
  local = await startLocalMirror(path.join(directory, "mirror"));
  await local.publish([app, one, two]);
});
afterEach(async () => {
  await local.stop();
  await rm(directory, { recursive: true, force: true });
});

const resolve = (requested = ["app"]): Promise<Lock> =>
  resolvePackages({
    arch: "amd64",
    requested,
    cache,
    mirror: local.mirror,
    requestedBy: new Map([["nope", "layer network"]]),
  });
const options = (): { cache: string; mirror: LocalMirror["mirror"] } => ({ cache, mirror: local.mirror });
const debs = async (): Promise<string[]> => (await readdir(path.join(cache, "debs"))).sort();
const versions = (lock: Lock): string[] => lock.packages.map(({ name, version }) => `${name} ${version}`);

it("resolves a closure and fetches it once", async () => {
  const lock = await resolve();
  expect(versions(lock)).toEqual(["app 1.0", "libone 1:1.0", "libtwo 1.0~rc1+b2"]);
  expect(await fetchDebs(lock, options())).toEqual({ lock, changes: [] });
  expect(await debs()).toEqual(lock.packages.map(({ sha256 }) => `${sha256}.deb`).sort());
  await local.stop();
  expect(await fetchDebs(lock, options())).toEqual({ lock, changes: [] });
});

it("names the layer that asks for a package that does not exist", async () => {
  await expect(resolve(["app", "nope"])).rejects.toMatchObject({
    code: "image.unknown-package",
    message: expect.stringContaining("nope (asked for by layer network)"),
  });
  await expect(resolve(["libtow"])).rejects.toMatchObject({ hint: "Did you mean libtwo?" });
});

it("explains packages that do not fit together", async () => {
  await local.publish([{ ...app, depends: "libgone (>= 2)" }]);
  await expect(resolve()).rejects.toMatchObject({
    code: "image.unresolvable-packages",
    message: expect.stringContaining("libgone"),
  });
});

it("takes the successor of a vanished version, keeps the rest, and remembers", async () => {
  const lock = await resolve();
  await local.publish([app, { ...one, version: "1:1.1" }, two, { ...app, name: "unrelated" }]);
  const fetched = await fetchDebs(lock, options());
  expect(fetched.changes.map(describeChange)).toEqual(["libone 1:1.0 -> 1:1.1"]);
  expect(versions(fetched.lock)).toEqual(["app 1.0", "libone 1:1.1", "libtwo 1.0~rc1+b2"]);
  await local.stop();
  expect(await fetchDebs(lock, options())).toEqual(fetched);
});

it("does not take a successor where the locked version still is", async () => {
  const lock = await resolve();
  // Both versions of libtwo are there; only libone's is gone.
  await local.publish([app, { ...one, version: "1:1.1" }, two]);
  const { lock: effective } = await fetchDebs(lock, options());
  expect(versions(effective)).toContain("libtwo 1.0~rc1+b2");
});

it("lets what a successor needs follow, although its locked version was still there", async () => {
  const lock = await resolve();
  await local.publish([
    { ...app, version: "1.1", depends: "libone (>= 1:1.1), libtwo" },
    { ...one, version: "1:1.1" },
    two,
  ]);
  const { changes } = await fetchDebs(lock, options());
  expect(changes.map(describeChange)).toEqual(["app 1.0 -> 1.1", "libone 1:1.0 -> 1:1.1"]);
});

it("fails for a vanished version when it must stay with the lock", async () => {
  const lock = await resolve();
  await local.publish([app, { ...one, version: "1:1.1" }, two]);
  await expect(fetchDebs(lock, { ...options(), locked: true })).rejects.toMatchObject({
    code: "image.vanished-package",
    message: expect.stringContaining("libone 1:1.0"),
  });
});

it("fetches a damaged package file again, whether its time or only a full check tells", async () => {
  const lock = await resolve();
  await fetchDebs(lock, options());
  const [first] = lock.packages;
  const file = debPath(cache, first?.sha256 ?? "");
  const damage = async (): Promise<void> => writeFile(file, Buffer.alloc(first?.size ?? 0));
  await damage();
  await fetchDebs(lock, options());
  expect((await stat(file)).mtimeMs).toBe(VERIFIED_TIME.getTime());
  await damage();
  await utimes(file, VERIFIED_TIME, VERIFIED_TIME);
  await fetchDebs(lock, { ...options(), verify: true });
  const fetches = local.requests.filter((name) => name.endsWith(".deb") && name.includes("/app_"));
  expect(fetches).toHaveLength(3);
});

it("refuses other bytes than the locked ones and keeps none of them", async () => {
  const lock = await resolve();
  const wrong = lock.packages.map((entry) => (entry.name === "libone" ? { ...entry, sha256: "0".repeat(64) } : entry));
  await expect(fetchDebs({ ...lock, packages: wrong }, options())).rejects.toMatchObject({
    code: "image.mirror-unreachable",
    message: expect.stringContaining("libone"),
  });
  expect(await debs()).toHaveLength(2);
});

it("names what is missing when the network is down", async () => {
  const lock = await resolve();
  await local.stop();
  await expect(fetchDebs(lock, options())).rejects.toMatchObject({
    code: "image.mirror-unreachable",
    message: expect.stringMatching(/not in the cache .*: app, libone, libtwo/),
  });
  await expect(
    resolvePackages({ arch: "amd64", requested: ["app"], ...options(), update: true }),
  ).rejects.toMatchObject({ code: "image.mirror-unreachable" });
});

it("refuses an unsigned mirror that nobody called trusted", async () => {
  const mirror = { ...local.mirror, trusted: false };
  await expect(resolvePackages({ arch: "amd64", requested: ["app"], cache, mirror })).rejects.toMatchObject({
    code: "image.untrusted-mirror",
  });
});

it("forgets package files that nobody asked for in two months", async () => {
  const lock = await resolve();
  await fetchDebs(lock, options());
  await writeFile(path.join(cache, "debs/.interrupted"), "");
  const day = 24 * 60 * 60 * 1000;
  await forgetUnusedDebs(cache, Date.now() + 50 * day);
  expect(await debs()).toHaveLength(3);
  await forgetUnusedDebs(cache, Date.now() + 61 * day);
  expect(await debs()).toEqual([]);
});

it("stops when asked to and leaves nothing half-made", async () => {
  const lock = await resolve();
  const signal = AbortSignal.abort();
  await expect(fetchDebs(lock, { ...options(), signal })).rejects.toThrow("aborted");
  expect(await debs()).toEqual([]);
});
