import { expect, test } from "vitest";
import { contentOf, type Entry, type Tree } from "../../tree/entry.ts";
import { resolvePath } from "./resolve-path.ts";

const directory: Entry = { type: "directory", mode: 0o755, uid: 0, gid: 0 };
const file: Entry = { type: "file", mode: 0o644, uid: 0, gid: 0, content: contentOf("") };
const link = (target: string): Entry => ({ type: "symlink", mode: 0o777, uid: 0, gid: 0, target });

const tree: Tree = new Map([
  ["", directory],
  ["lib", link("usr/lib")],
  ["usr", directory],
  ["usr/lib", directory],
  ["usr/lib/real.so.1.2", file],
  ["usr/lib/real.so", link("real.so.1")],
  ["usr/lib/real.so.1", link("/lib/../lib/real.so.1.2")],
  ["loop", link("loop")],
  ["dangling", link("nowhere")],
]);

test("follows links in every component, relative and absolute, and tells which", () => {
  const resolved = resolvePath(tree, "/lib/real.so");
  expect(resolved?.path).toBe("usr/lib/real.so.1.2");
  expect(new Set(resolved?.links)).toEqual(new Set(["lib", "usr/lib/real.so", "usr/lib/real.so.1"]));
});

test("leads nowhere for loops, dangling links and missing paths", () => {
  for (const path of ["/loop", "/dangling", "/usr/none", "/usr/lib/real.so/x"])
    expect(resolvePath(tree, path)).toBeUndefined();
});
