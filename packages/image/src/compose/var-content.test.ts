import { expect, it } from "vitest";
import { contentOf, type Tree } from "../tree/entry.ts";
import { readContent } from "../tree/read-content.ts";
import { moveVarContent } from "./var-content.ts";

it("turns directories into tmpfiles entries and keeps files below the factory", async () => {
  const tree: Tree = new Map([
    ["var", { type: "directory", mode: 0o755, uid: 0, gid: 0 }],
    ["var/lib/x", { type: "directory", mode: 0o700, uid: 0, gid: 42 }],
    ["var/lib/x/seed", { type: "file", content: contentOf("s"), mode: 0o640, uid: 0, gid: 0 }],
  ]);
  moveVarContent(tree);
  expect([...tree.keys()].filter((path) => path.startsWith("var"))).toEqual(["var"]);
  expect(tree.has("usr/share/factory/var/lib/x/seed")).toBe(true);
  const entry = tree.get("usr/lib/tmpfiles.d/holdfast-var.conf");
  const text = entry?.type === "file" ? new TextDecoder().decode(await readContent(entry.content)) : "";
  expect(text).toBe("d /var/lib/x 0700 0 42 -\nC /var/lib/x/seed 0640 0 0 - /usr/share/factory/var/lib/x/seed\n");
});
