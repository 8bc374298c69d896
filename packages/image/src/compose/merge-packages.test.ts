import { defineLayer } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { contentOf, type Entry } from "../tree/entry.ts";
import { mergePackages } from "./merge-packages.ts";

const file = (text = ""): Entry => ({ type: "file", content: contentOf(text), mode: 0o644, uid: 0, gid: 0 });
const folder: Entry = { type: "directory", mode: 0o755, uid: 0, gid: 0 };
const layer = (fields: object) => defineLayer({ name: "test", why: "made up by the test", ...fields });

it("merges packages onto the usr-merged skeleton and adds missing parents", () => {
  const { tree, owners } = mergePackages(
    [{ name: "a", entries: [{ path: "usr/share/a/file", entry: file("x") }] }],
    [],
  );
  expect(tree.get("usr/share/a")?.type).toBe("directory");
  expect(tree.get("bin")).toMatchObject({ type: "symlink", target: "usr/bin" });
  expect(owners.get("usr/share/a/file")).toBe("a");
});

it("refuses the same file from two packages and names both", () => {
  const same = { path: "usr/bin/x", entry: file() };
  expect(() =>
    mergePackages(
      [
        { name: "a", entries: [same] },
        { name: "b", entries: [same] },
      ],
      [],
    ),
  ).toThrow("/usr/bin/x comes from both a and b.");
});

it("leaves out what a layer drops, except what a layer keeps", () => {
  const entries = ["usr/share/doc/a", "usr/share/doc/b"].map((path) => ({ path, entry: file() }));
  const { tree } = mergePackages(
    [{ name: "a", entries }],
    [layer({ drop: ["usr/share/doc/**"], keep: ["usr/share/doc/b"] })],
  );
  expect([...tree.keys()].filter((path) => path.startsWith("usr/share/doc/"))).toEqual(["usr/share/doc/b"]);
});

it("removes directories that dropping left empty, but keeps a package's own empty directory", () => {
  const entries = [
    { path: "usr/share/man", entry: folder },
    { path: "usr/share/man/man1", entry: folder },
    { path: "usr/share/man/man1/x.1", entry: file() },
    { path: "etc/empty.d", entry: folder },
  ];
  const { tree } = mergePackages([{ name: "a", entries }], [layer({ drop: ["usr/share/man/**"] })]);
  expect(tree.has("usr/share/man/man1")).toBe(false);
  expect(tree.has("etc/empty.d")).toBe(true);
});

it("refuses owners that Debian does not fix", () => {
  const entry: Entry = { type: "file", content: contentOf(""), mode: 0o644, uid: 0, gid: 997 };
  expect(() => mergePackages([{ name: "a", entries: [{ path: "etc/x", entry }] }], [])).toThrow(
    "etc/x belongs to 0:997",
  );
});
