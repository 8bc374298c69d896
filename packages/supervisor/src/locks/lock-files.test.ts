import { mkdir, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratchDirectory } from "../testing/scratch.ts";
import { lockFiles } from "./lock-files.ts";

const web = { appId: 1, service: "web" };
const me = process.getuid?.() ?? 0;
/** Whatever the test itself makes belongs to somebody else then. */
const notMe = me + 1;

describe("lock files", () => {
  it("are made under both names with our owner, again and again, and dropped", async () => {
    await using scratch = await scratchDirectory();
    const files = lockFiles(scratch.path, me);
    const directory = join(scratch.path, "services/1/web");
    expect(await files.take(web)).toBe(true);
    expect(await files.take(web)).toBe(true);
    expect((await readdir(directory)).sort()).toEqual(["resin-updates.lock", "updates.lock"]);
    expect((await stat(join(directory, "updates.lock"))).uid).toBe(me);
    expect(((await stat(directory)).mode & 0o7777).toString(8)).toBe("1777");
    expect(await files.services()).toEqual([web]);
    await files.drop(web);
    expect(await readdir(directory)).toEqual([]);
    expect(await readdir(scratch.path)).toEqual(["services"]);
  });

  it.each([
    ["updates.lock", "file"],
    ["updates.lock", "directory"],
    ["resin-updates.lock", "file"],
    ["resin-updates.lock", "link"],
  ] as const)("are held by a user's %s that is a %s, until it is broken", async (name, kind) => {
    await using scratch = await scratchDirectory();
    const files = lockFiles(scratch.path, notMe);
    const directory = join(scratch.path, "services/1/web");
    const path = join(directory, name);
    await mkdir(directory, { recursive: true });
    if (kind === "file") await writeFile(path, "");
    if (kind === "link") await symlink("/no/where", path);
    if (kind === "directory") {
      await mkdir(path);
      await writeFile(join(path, "inside"), "");
    }
    await files.drop(web);
    expect(await readdir(directory)).toEqual([name]);
    await files.breakUsers(web);
    expect(await readdir(directory)).toEqual([]);
  });

  it("takes none when its user holds one of the names, and leaves nothing of ours behind", async () => {
    await using scratch = await scratchDirectory();
    const directory = join(scratch.path, "services/1/web");
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, "updates.lock"), "");
    expect(await lockFiles(scratch.path, notMe).take(web)).toBe(false);
    expect(await readdir(directory)).toEqual(["updates.lock"]);
    expect(await readdir(scratch.path)).toEqual(["services"]);
  });

  it("knows of no service before there is one", async () => {
    await using scratch = await scratchDirectory();
    expect(await lockFiles(scratch.path).services()).toEqual([]);
    await lockFiles(scratch.path).drop(web);
  });
});
