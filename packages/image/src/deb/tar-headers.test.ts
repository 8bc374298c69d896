import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { chmod, link, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { afterEach, beforeEach, expect, it } from "vitest";
import { run } from "../process/run.ts";
import { mergeLinkTarget, mergeUsr } from "./merge-usr.ts";
import { normalize, readTarHeaders, type TarMember } from "./tar-headers.ts";

let directory: string;
let tar: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "holdfast-tar-"));
  tar = path.join(directory, "x.tar");
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const content = ({ offset, size }: TarMember): string => readFileSync(tar).toString("utf8", offset, offset + size);
const longName = `${"deep/".repeat(40)}${"n".repeat(120)}`;

it.each(["gnu", "pax", "ustar"])("reads what GNU tar writes in the %s format", async (format) => {
  const tree = path.join(directory, "tree");
  const name = format === "ustar" ? `${"deep/".repeat(20)}${"n".repeat(80)}` : longName;
  await mkdir(path.join(tree, path.dirname(name)), { recursive: true });
  await writeFile(path.join(tree, name), "long");
  await writeFile(path.join(tree, "a"), "x".repeat(513));
  await chmod(path.join(tree, "a"), 0o4755);
  await link(path.join(tree, "a"), path.join(tree, "b"));
  await symlink(format === "ustar" ? "a" : `/${longName}`, path.join(tree, "c"));
  await run([
    "tar",
    `--format=${format}`,
    "--sort=name",
    "--owner=root:0",
    "--group=shadow:42",
    "-cf",
    tar,
    "-C",
    tree,
    ".",
  ]);
  const members = new Map(readTarHeaders(tar).map((member) => [member.path, member]));
  expect(members.get("")).toMatchObject({ type: "directory" });
  const [a, b, long] = [members.get("a"), members.get("b"), members.get(name)];
  expect(a).toMatchObject({ type: "file", mode: 0o4755, uid: 0, gid: 42, user: "root", group: "shadow", size: 513 });
  expect(b).toMatchObject({ type: "hardlink", linkTarget: expect.stringMatching(/^(\.\/)?a$/), size: 0 });
  expect(members.get("c")).toMatchObject({ type: "symlink", linkTarget: format === "ustar" ? "a" : `/${longName}` });
  expect(a && content(a)).toBe("x".repeat(513));
  expect(long && content(long)).toBe("long");
});

it("reads extended attributes, devices and names that are not ASCII", async () => {
  const packing = pack();
  packing.entry(
    { name: "./usr/bin/ping", mode: 0o755, pax: { "SCHILY.xattr.security.capability": "\x01\x00=\nx" } },
    "ping",
  );
  packing.entry({ name: "dev/zero", type: "character-device", devmajor: 1, devminor: 5 });
  packing.entry({ name: "usr/share/Főtanúsítvány.crt" }, "é");
  packing.finalize();
  writeFileSync(tar, await buffer(packing));
  const [ping, zero, certificate] = readTarHeaders(tar);
  expect(Buffer.from(ping?.xattrs["security.capability"] ?? []).toString("latin1")).toBe("\x01\x00=\nx");
  expect(zero).toMatchObject({ path: "dev/zero", type: "character", major: 1, minor: 5 });
  expect(certificate?.path).toBe("usr/share/Főtanúsítvány.crt");
  expect(certificate && content(certificate)).toBe("é");
});

it.each([
  ["a cut one", (): void => truncateSync(tar, 700), "ends early"],
  ["a damaged one", (): void => writeFileSync(tar, Buffer.alloc(1024, 7)), "damaged"],
  ["an empty one", (): void => writeFileSync(tar, ""), "ends early"],
])("refuses %s", async (_, damage, message) => {
  const packing = pack();
  packing.entry({ name: "a" }, "x".repeat(2000));
  packing.finalize();
  writeFileSync(tar, await buffer(packing));
  damage();
  expect(() => readTarHeaders(tar)).toThrow(message);
});

it("refuses members that would leave the tree", () => {
  expect(normalize("./usr//bin/")).toBe("usr/bin");
  expect(() => normalize("usr/../../etc/passwd")).toThrow("outside");
});

it.each([
  ["bin/ls", false, "usr/bin/ls"],
  ["lib", true, "usr/lib"],
  ["lib64", false, "lib64"],
  ["library/x", false, "library/x"],
])("merges %s (directory: %s) to %s", (from, isDirectory, to) => expect(mergeUsr(from, isDirectory)).toBe(to));

it("keeps what a relative link of a moved path points at", () => {
  expect(mergeLinkTarget("../usr/lib/x.so", "lib/y.so", "usr/lib/y.so")).toBe("x.so");
  expect(mergeLinkTarget("../lib/x.so", "bin/y", "usr/bin/y")).toBe("../lib/x.so");
  expect(mergeLinkTarget("../etc/x", "bin/y", "usr/bin/y")).toBe("../../etc/x");
  expect(mergeLinkTarget("../etc/x", "usr/y", "usr/y")).toBe("../etc/x");
  expect(mergeLinkTarget("/lib/x", "lib/y", "usr/lib/y")).toBe("/lib/x");
});
