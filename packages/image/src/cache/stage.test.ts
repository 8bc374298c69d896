import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { buildOnce, prune } from "./build-once.ts";
import { cacheRoot } from "./cache-root.ts";
import { canonicalJson, keyOf } from "./canonical-json.ts";
import { stage, stageDirectory } from "./stage.ts";

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(path.join(tmpdir(), "holdfast-cache-"));
});
afterEach(() => rm(cache, { recursive: true, force: true }));

const fill = (text: string) => (directory: string) => writeFile(path.join(directory, "out"), text);

it("gives the same key for the same inputs in another order", () => {
  expect(canonicalJson({ b: [1, { d: 1, c: 2 }], a: undefined })).toBe('{"b":[1,{"c":2,"d":1}]}');
  expect(keyOf({ a: 1, b: 2 })).toBe(keyOf({ b: 2, a: 1 }));
  expect(keyOf({ a: 1 })).not.toBe(keyOf({ a: 2 }));
});

it.each([
  [{ HOLDFAST_CACHE: "/c", HOME: "/h" }, "/c"],
  [{ HOME: "/h" }, "/h/.cache/holdfast"],
  [{ HOME: "/h", XDG_CACHE_HOME: "/x" }, "/x/holdfast"],
])("finds the cache from %o", (env, root) => expect(cacheRoot(env)).toBe(root));

it("builds once for equal inputs and again for others", async () => {
  const one = await stage({ cache, name: "slot", inputs: { a: 1 } }, fill("first"));
  await stage({ cache, name: "slot", inputs: { a: 1 } }, () => Promise.reject(new Error("built twice")));
  const two = await stage({ cache, name: "slot", inputs: { a: 2 } }, fill("second"));
  expect(await readFile(path.join(one, "out"), "utf8")).toBe("first");
  expect(await readFile(path.join(two, "out"), "utf8")).toBe("second");
});

it("lets concurrent builders of one stage all succeed", async () => {
  const what = { cache, name: "slot", inputs: 1 };
  const directories = await Promise.all(Array.from({ length: 5 }, () => stage(what, fill("same"))));
  expect(new Set(directories)).toEqual(new Set([stageDirectory(what)]));
  expect(await readdir(path.join(cache, "stages/slot"))).toHaveLength(1);
});

it("leaves nothing when a builder fails", async () => {
  const what = { cache, name: "slot", inputs: 1 };
  const failing = stage(what, async (directory) => {
    await fill("half")(directory);
    throw new Error("broken");
  });
  await expect(failing).rejects.toThrow("broken");
  expect(await readdir(path.join(cache, "stages/slot"))).toEqual([]);
  expect(existsSync(await stage(what, fill("whole")))).toBe(true);
});

it.each([
  Object.assign(new Error("write"), { code: "ENOSPC" }),
  new Error("mkfs.erofs ended with status 1: write: No space left on device"),
])("says where a disk is full: %s", async (error) => {
  const failing = stage({ cache, name: "slot", inputs: 1 }, () => Promise.reject(error));
  await expect(failing).rejects.toMatchObject({ code: "image.disk-full", message: expect.stringContaining(cache) });
});

it("keeps the last used directories and those in use", async () => {
  for (const [index, name] of ["old", "mid", "new"].entries()) {
    await mkdir(path.join(cache, name));
    await utimes(path.join(cache, name), index, index);
  }
  const used = await buildOnce(path.join(cache, "used"), fill(""));
  await utimes(used, 0, 0);
  await mkdir(path.join(cache, ".making-abandoned"));
  await utimes(path.join(cache, ".making-abandoned"), 1, 1);
  await mkdir(path.join(cache, ".making-now"));
  await prune(cache, { count: 2 });
  expect((await readdir(cache)).sort()).toEqual([".making-now", "mid", "new", "used"]);
});

it("keeps no more bytes than it may, but the last used directory whatever its size", async () => {
  for (const [index, name] of ["old", "mid", "new"].entries()) {
    await mkdir(path.join(cache, name, "deep"), { recursive: true });
    await writeFile(path.join(cache, name, "deep", "file"), "x".repeat(100_000));
    await utimes(path.join(cache, name), index, index);
  }
  await prune(cache, { count: 3, bytes: 250_000 });
  expect((await readdir(cache)).sort()).toEqual(["mid", "new"]);
  await prune(cache, { count: 3, bytes: 1 });
  expect(await readdir(cache)).toEqual(["new"]);
});
