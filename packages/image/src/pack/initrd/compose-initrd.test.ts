import { expect, test } from "vitest";
import { contentOf, type Entry, type Tree } from "../../tree/entry.ts";
import { composeInitrd } from "./compose-initrd.ts";
import { unresolvedLibraries } from "./libraries.ts";
import { tinyElf } from "./tiny-elf.ts";

const directory: Entry = { type: "directory", mode: 0o755, uid: 0, gid: 0 };
const file = (content: string | Uint8Array, mode = 0o644): Entry => ({
  type: "file",
  mode,
  uid: 0,
  gid: 0,
  content: typeof content === "string" ? contentOf(content) : { kind: "bytes", bytes: content },
});
const link = (target: string): Entry => ({ type: "symlink", mode: 0o777, uid: 0, gid: 0, target });
const multiarch = "usr/lib/x86_64-linux-gnu";
const units = "usr/lib/systemd/system";

const root = (): Tree =>
  new Map([
    ["", directory],
    ["lib64", link("usr/lib64")],
    ["etc", directory],
    ["etc/passwd", file("root:x:0:0::/:/bin/sh\n")],
    ["usr", directory],
    ["usr/bin", directory],
    ["usr/bin/tool", file(tinyElf({ needed: ["libdirect.so.1"], interpreter: "/lib64/ld.so" }), 0o755)],
    ["usr/bin/alias", link("tool")],
    ["usr/lib", directory],
    ["usr/lib/os-release", file("PRETTY_NAME=Test\n")],
    ["usr/lib64", directory],
    ["usr/lib64/ld.so", link(`../lib/x86_64-linux-gnu/ld.so`)],
    [multiarch, directory],
    [`${multiarch}/ld.so`, file(tinyElf({}), 0o755)],
    [`${multiarch}/libdirect.so.1`, link("libdirect.so.1.0")],
    [`${multiarch}/libdirect.so.1.0`, file(tinyElf({ needed: ["libprivate.so"], runPath: "$ORIGIN/systemd" }))],
    [`${multiarch}/systemd`, directory],
    [`${multiarch}/systemd/libprivate.so`, file(tinyElf({}))],
    [`${multiarch}/libopened.so.2`, file(tinyElf({}))],
    ["usr/lib/systemd", directory],
    [units, directory],
    [`${units}/sysinit.target`, file("[Unit]\n")],
    [`${units}/fsck@.service`, file("[Unit]\n")],
  ]);

const spec = { paths: ["/usr/bin/alias"], wants: {}, entries: new Map<string, Entry>() };

test("brings a program's links, loader and libraries of libraries, and the skeleton", () => {
  const tree = composeInitrd(root(), spec);
  for (const path of [
    "usr/bin/alias",
    "usr/bin/tool",
    "usr/lib64/ld.so",
    `${multiarch}/ld.so`,
    `${multiarch}/libdirect.so.1`,
    `${multiarch}/libdirect.so.1.0`,
    `${multiarch}/systemd/libprivate.so`,
    "init",
    "etc/initrd-release",
    "etc/passwd",
    "sysroot",
  ])
    expect(tree.has(path), path).toBe(true);
  expect(tree.get("etc/machine-id")).toMatchObject({ content: { bytes: new Uint8Array() } });
  expect(tree.has(`${multiarch}/libopened.so.2`)).toBe(false);
  for (const path of tree.keys())
    if (path !== "" && path.includes("/")) expect(tree.has(path.slice(0, path.lastIndexOf("/"))), path).toBe(true);
});

test("expands globs, makes wants links and finds templates of instances", () => {
  const wants = { "sysinit.target": ["fsck@disk.service"] };
  const tree = composeInitrd(root(), { ...spec, paths: ["/usr/lib/*/libopened.so.2", `/${units}/*`], wants });
  expect(tree.has(`${multiarch}/libopened.so.2`)).toBe(true);
  expect(tree.get(`${units}/sysinit.target.wants/fsck@disk.service`)).toMatchObject({ target: "../fsck@.service" });
});

test("lets the layers' own entries win over the root's and the defaults", () => {
  const entries = new Map<string, Entry>([
    ["etc/initrd-release", file("own")],
    ["usr/bin/tool", file("replaced")],
  ]);
  const tree = composeInitrd(root(), { ...spec, entries });
  expect(tree.get("etc/initrd-release")).toBe(entries.get("etc/initrd-release"));
  expect(tree.has(`${multiarch}/libdirect.so.1`)).toBe(false);
});

test("names a path, a unit or a library that is not there", () => {
  expect(() => composeInitrd(root(), { ...spec, paths: ["/usr/bin/none"] })).toThrow('asks for "/usr/bin/none"');
  expect(() => composeInitrd(root(), { ...spec, paths: ["/usr/*/none*"] })).toThrow('asks for "/usr/*/none*"');
  expect(() => composeInitrd(root(), { ...spec, wants: { "a.target": ["b.service"] } })).toThrow('wants "b.service"');
  const without = root();
  without.delete(`${multiarch}/systemd/libprivate.so`);
  expect(() => composeInitrd(without, spec)).toThrow(
    `"/${multiarch}/libdirect.so.1.0" in the initrd needs libprivate.so`,
  );
});

test("lists what nothing in a root provides", () => {
  expect(unresolvedLibraries(root())).toEqual([]);
  const broken = root();
  broken.delete(`${multiarch}/libdirect.so.1.0`);
  broken.delete("usr/lib64/ld.so");
  expect(unresolvedLibraries(broken)).toEqual([
    { path: "/usr/bin/tool", library: "libdirect.so.1" },
    { path: "/usr/bin/tool", library: "/lib64/ld.so" },
  ]);
});
