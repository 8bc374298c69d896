import { defineLayer } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { contentOf, type Tree } from "../tree/entry.ts";
import { enableUnits, parseInstall } from "./enable-units.ts";

const unit = (text: string) => ({ type: "file" as const, content: contentOf(text), mode: 0o644, uid: 0, gid: 0 });
const layer = (units: object) => defineLayer({ name: "test", why: "made up by the test", units });
const target = (tree: Tree, path: string) => {
  const entry = tree.get(path);
  return entry?.type === "symlink" ? entry.target : undefined;
};

it("makes the links of WantedBy, RequiredBy, Alias and Also", async () => {
  const tree: Tree = new Map([
    [
      "usr/lib/systemd/system/a.service",
      unit("[Install]\nWantedBy=multi-user.target\nAlias=b.service\nAlso=c.socket\n"),
    ],
    ["usr/lib/systemd/system/c.socket", unit("[Install]\nRequiredBy=sockets.target\n")],
  ]);
  await enableUnits(tree, [layer({ enable: ["a.service"] })]);
  expect(target(tree, "etc/systemd/system/multi-user.target.wants/a.service")).toBe(
    "/usr/lib/systemd/system/a.service",
  );
  expect(target(tree, "etc/systemd/system/b.service")).toBe("/usr/lib/systemd/system/a.service");
  expect(target(tree, "etc/systemd/system/sockets.target.requires/c.socket")).toBe("/usr/lib/systemd/system/c.socket");
});

it("enables an instance from its template", async () => {
  const tree: Tree = new Map([["usr/lib/systemd/system/getty@.service", unit("[Install]\nWantedBy=getty.target\n")]]);
  await enableUnits(tree, [layer({ enable: ["getty@tty1.service"] })]);
  expect(target(tree, "etc/systemd/system/getty.target.wants/getty@tty1.service")).toBe(
    "/usr/lib/systemd/system/getty@.service",
  );
});

it("masks units, whether they exist or not", async () => {
  const tree: Tree = new Map();
  await enableUnits(tree, [layer({ mask: ["x.service"] })]);
  expect(target(tree, "etc/systemd/system/x.service")).toBe("/dev/null");
});

it("refuses a unit that nothing brings, naming the layer", async () => {
  await expect(enableUnits(new Map(), [layer({ enable: ["nothing.service"] })])).rejects.toMatchObject({
    code: "image.unknown-unit",
    message: 'Layer test: units.enable: there is no unit "nothing.service".',
  });
});

it("reads only the [Install] section", () => {
  expect(
    parseInstall("[Unit]\nWantedBy=x\n[Install]\n# WantedBy=y\nWantedBy=a b\nWantedBy=c\n").get("WantedBy"),
  ).toEqual(["a", "b", "c"]);
});
