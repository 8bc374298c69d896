import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { debPath } from "../apt/deb-cache.ts";
import { fetchDebs } from "../apt/fetch-debs.ts";
import { startLocalMirror } from "../apt/local-mirror.ts";
import { readLock } from "../apt/lock.ts";
import { resolvePackages } from "../apt/resolve-packages.ts";
import { readHostTop, toolCommand } from "./tool-command.ts";
import { toolTrees } from "./tool-packages.ts";
import { toolsLockFile } from "./tools-tree.ts";
import { addTreeFiles } from "./tree-files.ts";
import { unpackTree } from "./unpack-tree.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "holdfast-tools-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const tree = { name: "tools", root: "/c/root", key: "k", hostTop: [{ path: "/srv" }, { path: "/old", link: "srv" }] };

it("shows the tree's /usr and /etc, and everything else of the machine's", () => {
  const argv = toolCommand(tree)(["qemu-img", "--version"]).join(" ");
  expect(argv).toMatch(/^bwrap --die-with-parent .* -- qemu-img --version$/);
  for (const part of [
    "--ro-bind /c/root/usr /usr",
    "--ro-bind /c/root/etc /etc",
    "--dev-bind /srv /srv",
    "--symlink srv /old",
  ])
    expect(argv).toContain(part);
});

it("ties a program that outlives its caller to the process that the caller knows", () => {
  const argv = toolCommand(tree, { outlivesCaller: true })(["qemu"]).join(" ");
  expect(argv).not.toContain("--die-with-parent");
  expect(argv).toMatch(/-- \/usr\/bin\/setpriv --pdeathsig KILL qemu$/);
});

it("leaves to the tree what the tree brings", () => {
  const shown = readHostTop().map(({ path: at }) => at);
  expect(shown).toContain("/tmp");
  for (const own of ["/usr", "/etc", "/bin", "/lib", "/dev", "/proc"]) expect(shown).not.toContain(own);
});

it.each(["tools", "mkosi"] as const)("has a lock that fits the list of %s", async (name) => {
  const lock = await readLock(toolsLockFile(name));
  expect(lock?.requested).toEqual(Object.keys(toolTrees[name]).sort());
  expect(lock?.arch).toBe("amd64");
});

it("unpacks packages usr-merged, without documentation and set-user-id bits, and adds what scripts would", async () => {
  await using local = await startLocalMirror(path.join(directory, "mirror"));
  await local.publish([
    {
      name: "app",
      version: "1",
      files: {
        "bin/app": "app",
        "usr/bin/other": "other",
        "usr/share/doc/app/readme": "no",
        "usr/share/ca-certificates/mozilla/B.crt": "B\n",
        "usr/share/ca-certificates/mozilla/A.crt": "A\n",
      },
    },
  ]);
  const cache = path.join(directory, "cache");
  const lock = await resolvePackages({ arch: "amd64", requested: ["app"], cache, mirror: local.mirror });
  await fetchDebs(lock, { cache, mirror: local.mirror });
  const root = path.join(directory, "root");
  await mkdir(path.join(root, "etc"), { recursive: true });
  const notes: (string | undefined)[] = [];
  const step = { update: (_done: number, _total: number, note?: string) => notes.push(note), end: () => {} };
  await unpackTree(root, lock.packages, { cache, step });
  await addTreeFiles(root);
  expect(notes).toEqual(["app"]);
  expect(await readFile(path.join(root, "usr/bin/app"), "utf8")).toBe("app");
  expect(await readFile(path.join(root, "bin/other"), "utf8")).toBe("other");
  expect(existsSync(path.join(root, "usr/share/doc/app/readme"))).toBe(false);
  expect(await readFile(path.join(root, "etc/ssl/certs/ca-certificates.crt"), "utf8")).toBe("A\nB\n");
  expect((await stat(path.join(root, "etc/passwd"))).size).toBe(0);
});

it("fails when a package cannot be unpacked", async () => {
  const cache = path.join(directory, "cache");
  const entry = {
    name: "x",
    version: "1",
    arch: "all",
    sha256: "0".repeat(64),
    size: 3,
    path: "x.deb",
    archive: "debian",
  } as const;
  await mkdir(path.join(cache, "debs"), { recursive: true });
  await writeFile(debPath(cache, entry.sha256), "bad");
  const step = { update: () => {}, end: () => {} };
  await expect(unpackTree(path.join(directory, "root"), [entry], { cache, step })).rejects.toThrow(/dpkg-deb/);
});
