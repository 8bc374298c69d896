import { expect, test } from "vitest";
import { contentOf, type Entry, type Tree } from "../../tree/entry.ts";
import { cpioParts } from "./cpio-parts.ts";

const directory: Entry = { type: "directory", mode: 0o755, uid: 0, gid: 0 };
const file = (text: string): Entry => ({ type: "file", mode: 0o644, uid: 0, gid: 0, content: contentOf(text) });

type Member = { name: string; inode: number; mode: number; links: number; time: number; body: string };

/** Reads newc as the kernel's init/initramfs.c does: everything is aligned to four bytes. */
function readCpio(tree: Tree): Member[] {
  const bytes = Buffer.concat(
    [...cpioParts(tree, { epoch: 99 })].map((part) => ("bytes" in part ? part.bytes : new Uint8Array())),
  );
  const aligned = (at: number) => Math.ceil(at / 4) * 4;
  const members: Member[] = [];
  for (let at = 0; at < bytes.length; ) {
    expect(bytes.toString("latin1", at, at + 6)).toBe("070701");
    const field = (index: number) =>
      Number.parseInt(bytes.toString("latin1", at + 6 + index * 8, at + 14 + index * 8), 16);
    const bodyAt = aligned(at + 110 + field(11));
    const name = bytes.toString("utf8", at + 110, at + 110 + field(11) - 1);
    const body = bytes.toString("utf8", bodyAt, bodyAt + field(6));
    members.push({ name, inode: field(0), mode: field(1), links: field(4), time: field(5), body });
    at = aligned(bodyAt + field(6));
  }
  return members;
}

test("numbers inodes in path order and ends with the trailer", () => {
  const members = readCpio(
    new Map([
      ["", directory],
      ["b", file("bee")],
      ["a", { type: "symlink", mode: 0o777, uid: 0, gid: 0, target: "b" }],
    ]),
  );
  expect(members.map(({ name, inode, mode, time, body }) => [name, inode, mode, time, body])).toEqual([
    [".", 1, 0o040755, 99, ""],
    ["a", 2, 0o120777, 99, "b"],
    ["b", 3, 0o100644, 99, "bee"],
    ["TRAILER!!!", 0, 0, 0, ""],
  ]);
});

test("gives hard links one inode, the right count, and their data once, with the first name", () => {
  const shared = file("data");
  const members = readCpio(
    new Map([
      ["", directory],
      ["x", shared],
      ["y", { ...shared }],
      ["z", file("")],
    ]),
  );
  expect(members.slice(1, 4).map(({ inode, links, body }) => [inode, links, body])).toEqual([
    [2, 2, "data"],
    [2, 2, ""],
    [3, 1, ""],
  ]);
});
