import { readFileSync } from "node:fs";
import { defineLayer } from "@holdfast/contracts";
import { expect, it } from "vitest";
import type { Tree } from "../tree/entry.ts";
import { readContent } from "../tree/read-content.ts";
import { accountsLedgerSchema, writeAccounts } from "./accounts.ts";

const ledger = accountsLedgerSchema.parse(
  JSON.parse(readFileSync(new URL("../../../../os/ledger/accounts.json", import.meta.url), "utf8")),
);
const layer = (users: object[]) => defineLayer({ name: "test", why: "made up by the test", users: users as never });
const text = async (tree: Tree, path: string) => {
  const entry = tree.get(path);
  return entry?.type === "file" ? new TextDecoder().decode(await readContent(entry.content)) : "";
};

it("gives no number twice", () => {
  for (const numbers of [Object.values(ledger.users), Object.values(ledger.groups)])
    expect(new Set(numbers).size).toBe(numbers.length);
});

it("writes users with the ledger's numbers and no password that works", async () => {
  const tree: Tree = new Map();
  writeAccounts(tree, [layer([{ name: "avahi", comment: "mDNS" }])], ledger);
  expect(await text(tree, "etc/passwd")).toContain(
    `avahi:x:${ledger.users["avahi"]}:${ledger.groups["avahi"]}:mDNS:/nonexistent:/usr/sbin/nologin`,
  );
  const shadow = await text(tree, "etc/shadow");
  expect(
    shadow
      .trim()
      .split("\n")
      .every((line) => line.split(":")[1] === "*"),
  ).toBe(true);
  expect(tree.get("etc/shadow")).toMatchObject({ mode: 0o640, gid: 42 });
});

it("refuses a user that the ledger does not list", () => {
  expect(() => writeAccounts(new Map(), [layer([{ name: "stranger" }])], ledger)).toThrow(
    'The group "stranger" has no number',
  );
});
