import { mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readLock } from "../packages/image/src/apt/lock.ts";
import { type MadeUpWorkshop, openMadeUpWorkshop } from "./build/made-up-workshop.ts";
import { holdfast } from "./build/run-program.ts";
import { warmCache } from "./build/warm-cache.ts";

let workshop: MadeUpWorkshop;
beforeEach(async () => {
  workshop = await openMadeUpWorkshop();
});
afterEach(() => workshop[Symbol.asyncDispose]());

const tiny = { name: "tiny", why: "Something to build for the tests.", packages: { "tiny-app": "the only program" } };
const slots = async (): Promise<string[]> => await readdir(join(workshop.cache, "stages/slot")).catch(() => []);
/** Nothing was built, and nothing of the attempt is left. */
async function expectNothingLeft(): Promise<void> {
  expect(await slots()).toEqual([]);
  expect(await workshop.leftovers()).toEqual([]);
}

test.for([
  [["--board", "generic-amd65"], /There is no board "generic-amd65"\.\n {2}hint: Did you mean generic-amd64\?/],
  [["--variant", "developmet"], /There is no variant "developmet"\.\n {2}hint: Did you mean development\?/],
] as const)("the command line refuses %o and names the nearest", async ([args, message]) => {
  const out = join(workshop.folder, "out");
  const { status, stderr } = await holdfast(["build", ...args, "--out", out]);
  expect(stderr).toMatch(message);
  expect(status).toBe(2);
  await expect(readdir(out)).rejects.toThrow("ENOENT");
});

test("a config.json that is not JSON stops the build before anything is made", async () => {
  const [out, config] = [join(workshop.folder, "out"), join(workshop.folder, "config.json")];
  await writeFile(config, '{"hostname": "a",}');
  const { status, stderr } = await holdfast(["build", "--config", config, "--out", out]);
  expect(stderr).toMatch(
    /config\.json is not valid JSON: .*\n {2}hint: Correct it; nothing was built\.\n {2}code: image\.invalid-config/,
  );
  expect(status).toBe(1);
  await expect(readdir(out)).rejects.toThrow("ENOENT");
});

test("an unknown layer of a board is named with the nearest one", async () => {
  await workshop.os.board({ layers: ["tinny"] });
  expect(await workshop.failure()).toContain('There is no layer "tinny".\n  hint: Did you mean tiny?');
  await expectNothingLeft();
});

test("a package that does not exist is named with the layer that asks for it", async () => {
  await workshop.os.layer({ ...tiny, packages: { "tiny-ap": "misspelled" } });
  const text = await workshop.failure();
  expect(text).toContain("no package tiny-ap (asked for by layer tiny)");
  expect(text).toContain("hint: Did you mean tiny-app?");
  await expectNothingLeft();
});

test("two layers that write the same file are both named", async () => {
  const files = [{ path: "/etc/same", content: "text\n" }];
  await workshop.os.layer({ ...tiny, files });
  await workshop.os.layer({ ...tiny, name: "other", files });
  await workshop.os.board({ layers: ["tiny", "other"] });
  expect(await workshop.failure()).toContain("Layers tiny and other both write /etc/same.");
  await expectNothingLeft();
});

test("a maintainer script that nobody accounted for is shown; a changed one is a note, or an error when strict", async () => {
  const withScript = (text: string) =>
    workshop.mirror.publish(
      workshop.packages.map((each) => (each.name === "tiny-lib" ? { ...each, scripts: { postinst: text } } : each)),
    );
  await withScript("#!/bin/sh\nadduser --system tiny\n");
  const text = await workshop.failure();
  expect(text).toMatch(/tiny-lib's postinst is not accounted for:\n#!\/bin\/sh\nadduser --system tiny\n/);
  expect(text).toContain("code: image.unaccounted-script");
  await expectNothingLeft();
  const ledger = { "tiny-lib": { how: "a user in the layer", hashes: { postinst: ["0000000000000000"] } } };
  await workshop.os.write("ledger/scripts.json", JSON.stringify(ledger));
  expect(await workshop.failure({ strict: true })).toContain(
    "tiny-lib's postinst is changed since it was accounted for:",
  );
  expect(await workshop.build()).toMatchObject({
    notes: ["tiny-lib's postinst changed since it was accounted for"],
  });
});

test("with a warm cache the same bytes are built offline; what is not cached is named", async () => {
  const first = await workshop.build();
  await rm(join(workshop.cache, "stages"), { recursive: true });
  await workshop.mirror.stop();
  const offline = { wrapper: ["bwrap", "--dev-bind", "/", "/", "--unshare-net"] };
  expect(await workshop.build({}, offline)).toEqual(first);
  await rm(join(workshop.cache, "stages"), { recursive: true });
  await rm(join(workshop.cache, "debs"), { recursive: true });
  const text = await workshop.failure({}, offline);
  expect(text).toMatch(
    /Packages that are not in the cache could not be downloaded from .*: tiny-app, tiny-kernel, tiny-lib/,
  );
  expect(text).toContain("hint: Check the network and run again");
  await expectNothingLeft();
});

test("the slot does not know where it was built", async () => {
  const cache = join(workshop.folder, "a cache elsewhere");
  await warmCache(cache, { tools: true });
  const [here, there] = [await workshop.build(), await workshop.build({ cache })];
  expect(there).toMatchObject({ rootHash: "rootHash" in here ? here.rootHash : "" });
});

test("a damaged package file of the cache is fetched again, and the image is the same", async () => {
  const first = await workshop.build();
  await rm(join(workshop.cache, "stages"), { recursive: true });
  const debs = join(workshop.cache, "debs");
  for (const name of await readdir(debs)) {
    if (name.endsWith(".deb")) await truncate(join(debs, name), 100);
    else await rm(join(debs, name));
  }
  expect(await workshop.build()).toEqual(first);
  expect(workshop.mirror.requests.filter((path) => path.includes("tiny-app_"))).toHaveLength(2);
});

test("a locked version that left the mirror is replaced, told and recorded; --locked fails instead", async () => {
  const { os, mirror, packages, folder } = workshop;
  await lockTiny();
  await mirror.publish(packages.map((each) => (each.name === "tiny-lib" ? { ...each, version: "1.1" } : each)));
  const text = await workshop.failure({ locked: true });
  expect(text).toContain("The mirror no longer has tiny-lib 1.0");
  expect(text).toContain("holdfast lock --update");
  const out = join(folder, "out");
  expect(await workshop.build({ out })).toMatchObject({
    notes: ["not as locked: tiny-lib 1.0 -> 1.1"],
    versions: ["tiny-app 1.0", "tiny-kernel 6.12.0", "tiny-lib 1.1"],
  });
  const name = (await readdir(out)).find((file) => file.endsWith(".lock.json")) ?? "";
  const recorded = await readLock(join(out, name));
  expect(recorded?.packages.find((entry) => entry.name === "tiny-lib")?.version).toBe("1.1");
  expect((await readLock(join(os.osDir, "lock/amd64.json")))?.packages.map(({ version }) => version)).toContain("1.0");
});

test("a lock that lacks a package of the layers fails with --locked, and is completed without", async () => {
  await lockTiny();
  await workshop.mirror.publish([...workshop.packages, { name: "tiny-more", version: "2" }]);
  await rm(join(workshop.cache, "apt"), { recursive: true, force: true });
  await workshop.os.layer({ ...tiny, packages: { ...tiny.packages, "tiny-more": "more to do" } });
  expect(await workshop.failure({ locked: true })).toContain(
    "does not hold tiny-more 2, which the layers of tiny need",
  );
  expect(await workshop.build()).toMatchObject({ notes: ["not as locked: tiny-more added (2)"] });
});

/** Records what the archive has now as the made-up OS's lock. */
async function lockTiny(): Promise<void> {
  const { os, mirror, folder } = workshop;
  const { resolvePackages, writeLock } = await import("@holdfast/image");
  const requested = ["tiny-app", "tiny-kernel"];
  const cache = join(folder, "locking");
  await writeLock(
    join(os.osDir, "lock/amd64.json"),
    await resolvePackages({ arch: "amd64", requested, cache, mirror: mirror.mirror }),
  );
}

test.for([
  ["debs", 60_000, "while packages are downloaded"],
  ["stages", 200_000, "while the slot is packed"],
] as const)("a full disk at %s is told, and nothing half-made stays", async ([part, size]) => {
  const place = join(workshop.cache, part);
  await mkdir(place, { recursive: true });
  const found = join(workshop.folder, "found");
  const wrapper = withSmallDisk(place, size, found);
  const text = await workshop.failure({}, { wrapper });
  expect(text).toMatch(/The disk that holds \S+ is full: /);
  expect(text).toContain("HOLDFAST_CACHE");
  expect(text).toContain("code: image.disk-full");
  const left = (await readFile(found, "utf8")).split("\n").filter((line) => line !== "");
  // What was finished before is whole, and serves the next build.
  const whole = /\/[0-9a-f]{64}\.(deb|tar|json)$|\/stages\/(modules|hardware-database|initrd)\/[0-9a-f]{64}\//;
  expect(left.filter((file) => !whole.test(file))).toEqual([]);
  await expectNothingLeft();
});

test("a full disk of the output folder is told, and the folder stays empty", async () => {
  const out = join(workshop.folder, "out");
  await mkdir(out);
  const found = join(workshop.folder, "found");
  const text = await workshop.failure({ out }, { wrapper: withSmallDisk(out, 50_000, found) });
  expect(text).toContain(`The disk that holds ${out} is full`);
  expect(await readFile(found, "utf8")).toBe("");
  expect(await workshop.leftovers()).toEqual([]);
});

/** Mounts a small file system over a folder for one program, and lists its files when the program has ended. */
function withSmallDisk(folder: string, size: number, found: string): string[] {
  const script = '"$@"; status=$?; find "$PLACE" -type f > "$FOUND"; exit $status';
  const mount = ["bwrap", "--dev-bind", "/", "/", "--size", String(size), "--tmpfs", folder];
  return [...mount, "--setenv", "PLACE", folder, "--setenv", "FOUND", found, "sh", "-c", script, "sh"];
}
