import { defineLayer } from "@holdfast/contracts";
import { expect, it } from "vitest";
import type { Tree } from "../tree/entry.ts";
import { addAlternatives } from "./alternatives.ts";

const layer = (name: string, alternatives: Record<string, string>) =>
  defineLayer({ name, why: "chooses alternatives", alternatives });

it("links what the layers choose", () => {
  const tree: Tree = new Map();
  addAlternatives(tree, [layer("one", { "/usr/bin/awk": "/usr/bin/mawk" }), layer("two", {})]);
  expect(tree.get("usr/bin/awk")).toMatchObject({ type: "symlink", target: "/usr/bin/mawk" });
});

it("refuses two layers that choose the same one", () => {
  const both = ["one", "two"].map((name) => layer(name, { "/usr/bin/awk": `/usr/bin/${name}` }));
  expect(() => addAlternatives(new Map(), both)).toThrow(
    "Layers one and two both choose the alternative /usr/bin/awk.",
  );
});
