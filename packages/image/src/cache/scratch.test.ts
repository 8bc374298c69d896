import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { prune } from "./build-once.ts";
import { isAbandoned, ownedName } from "./owned-name.ts";
import { openScratch } from "./scratch.ts";

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(path.join(tmpdir(), "holdfast-scratch-"));
});
afterEach(() => rm(cache, { recursive: true, force: true }));

/** A name as a process that is gone made it. */
const ofTheDead = (prefix: string): string =>
  ownedName(prefix).replace(`-${process.pid}-`, `-${spawnSync("true").pid}-`);

it("is gone with its content when its user is done", async () => {
  {
    await using scratch = await openScratch(cache);
    await writeFile(path.join(scratch.directory, "file"), "");
  }
  expect(await readdir(cache)).toEqual([]);
});

it("removes what a killed builder left, and nothing of one that works", async () => {
  await using working = await openScratch(cache);
  await mkdir(path.join(cache, ofTheDead("scratch-")));
  await mkdir(path.join(cache, "stages"));
  await using another = await openScratch(cache);
  expect((await readdir(cache)).sort()).toEqual(
    ["stages", path.basename(working.directory), path.basename(another.directory)].sort(),
  );
});

it("prunes half-built results of killed builders at once", async () => {
  const mine = ownedName(".making-");
  for (const name of [mine, ofTheDead(".making-")]) await mkdir(path.join(cache, name));
  await prune(cache, { count: 1 });
  expect(await readdir(cache)).toEqual([mine]);
});

it("judges what another namespace made by its age only", () => {
  const name = "scratch-1-1-abc";
  expect(isAbandoned(name, "scratch-", Date.now())).toBe(false);
  expect(isAbandoned(name, "scratch-", Date.now() - 7 * 60 * 60 * 1000)).toBe(true);
});
