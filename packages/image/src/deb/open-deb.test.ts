import { createHash } from "node:crypto";
import { copyFile, link, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { debPath } from "../apt/deb-cache.ts";
import { run } from "../process/run.ts";
import { readContent } from "../tree/read-content.ts";
import { parseControl } from "./control.ts";
import { type Deb, type DebReference, openDeb, openDebs } from "./open-deb.ts";

let directory: string;
let cache: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "holdfast-deb-"));
  cache = path.join(directory, "cache");
  await mkdir(path.join(cache, "debs"), { recursive: true });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function buildDeb(name: string, compression: string): Promise<DebReference & { source: string }> {
  const tree = path.join(directory, name);
  for (const folder of ["DEBIAN", "bin", "etc", "usr/share"]) await mkdir(path.join(tree, folder), { recursive: true });
  await writeFile(
    path.join(tree, "DEBIAN/control"),
    `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: n <n@example.com>\nDescription: short\n long\n`,
  );
  await writeFile(path.join(tree, "DEBIAN/postinst"), "#!/bin/sh\nexit 0\n", { mode: 0o755 });
  await writeFile(path.join(tree, "DEBIAN/conffiles"), "/etc/x.conf\n");
  await writeFile(path.join(tree, "DEBIAN/triggers"), "interest /usr/share\n");
  await writeFile(path.join(tree, "bin/tool"), "tool");
  await link(path.join(tree, "bin/tool"), path.join(tree, "bin/twin"));
  await symlink("../etc/x.conf", path.join(tree, "bin/conf"));
  await writeFile(path.join(tree, "etc/x.conf"), "");
  const source = path.join(directory, `${name}.deb`);
  await run(["dpkg-deb", "--build", "--root-owner-group", `-Z${compression}`, tree, source]);
  const sha256 = createHash("sha256")
    .update(await readFile(source))
    .digest("hex");
  await copyFile(source, debPath(cache, sha256));
  return { name, sha256, source };
}

const entryAt = (deb: Deb, name: string): Deb["entries"][number]["entry"] | undefined =>
  deb.entries.find(({ path: at }) => at === name)?.entry;

it.each(["xz", "zstd", "gzip", "none"])("opens a package packed with %s", async (compression) => {
  const deb = await openDeb(cache, await buildDeb("app", compression));
  expect(deb.control["Description"]).toBe("short\nlong");
  expect(deb.scripts).toEqual({ postinst: "#!/bin/sh\nexit 0\n" });
  expect(deb).toMatchObject({ name: "app", conffiles: ["/etc/x.conf"], triggers: "interest /usr/share\n" });
  const tool = entryAt(deb, "usr/bin/tool");
  if (tool?.type !== "file") throw new Error("no tool");
  expect(Buffer.from(await readContent(tool.content)).toString()).toBe("tool");
  expect(entryAt(deb, "usr/bin/twin")).toMatchObject({ type: "file" });
  const twin = entryAt(deb, "usr/bin/twin");
  expect(twin?.type === "file" && twin.content === tool.content).toBe(true);
  expect(entryAt(deb, "usr/bin/conf")).toMatchObject({ type: "symlink", target: "../../etc/x.conf" });
  expect(entryAt(deb, "etc/x.conf")).toMatchObject({ type: "file", content: { kind: "bytes" } });
  expect(deb.entries.find(({ path: at }) => at === "usr/bin/tool")).toMatchObject({ user: "root", group: "root" });
});

it("reads only its index the second time, and unpacks again when something wrote to the tar", async () => {
  const app = await buildDeb("app", "none");
  const cold = await openDeb(cache, app);
  const deb = debPath(cache, app.sha256);
  await rm(deb);
  expect(await openDeb(cache, app)).toEqual(cold);
  await copyFile(app.source, deb);
  const tar = deb.replace(/deb$/, "tar");
  const good = await readFile(tar);
  await writeFile(tar, Buffer.alloc(good.length));
  expect(await openDeb(cache, app)).toEqual(cold);
  expect(good.equals(await readFile(tar))).toBe(true);
});

it("opens many in the given order", async () => {
  const references = await Promise.all(["a", "b", "c"].map((name) => buildDeb(name, "none")));
  const sized = references.map((reference, index) => ({ ...reference, size: index }));
  expect((await openDebs(cache, sized)).map(({ name }) => name)).toEqual(["a", "b", "c"]);
});

it("removes a damaged package from the cache and says so", async () => {
  const app = await buildDeb("app", "xz");
  await writeFile(debPath(cache, app.sha256), (await readFile(app.source)).subarray(0, 300));
  await expect(openDebs(cache, [app])).rejects.toMatchObject({ code: "image.corrupt-deb" });
  expect(await readdir(path.join(cache, "debs"))).toEqual([]);
});

it("fetches a damaged package anew when it can", async () => {
  const app = await buildDeb("app", "xz");
  const file = debPath(cache, app.sha256);
  const bytes = await readFile(file);
  bytes.fill(0, bytes.length - 200);
  await writeFile(file, bytes);
  const deb = await openDeb(cache, app, { refetch: () => copyFile(app.source, file) });
  expect(entryAt(deb, "usr/bin/tool")).toBeDefined();
});

it("parses control fields with continuations", () => {
  expect(parseControl("A: 1\nB:\n x\n .\n y\n")).toEqual({ A: "1", B: "\nx\n.\ny" });
});
