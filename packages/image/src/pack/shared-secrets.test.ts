import { expect, test } from "vitest";
import { contentOf, type Entry, type Tree } from "../tree/entry.ts";
import { sharedSecrets } from "./shared-secrets.ts";

const file = (text: string): Entry => ({ type: "file", mode: 0o600, uid: 0, gid: 0, content: contentOf(text) });

test("finds host keys, seeds, private keys and a machine id that is not empty", async () => {
  const tree: Tree = new Map([
    ["etc/machine-id", file("0123\n")],
    ["etc/ssh/ssh_host_ed25519_key", file("")],
    ["usr/share/demo/server.key", file("-----BEGIN PRIVATE KEY-----\n")],
    ["var/lib/systemd/random-seed", file("x")],
  ]);
  expect((await sharedSecrets(tree)).map((line) => line.split(":")[0])).toEqual(
    [...tree.keys()].map((path) => `/${path}`),
  );
});

test("lets an empty machine id, public keys and certificates be", async () => {
  const certificate = file("-----BEGIN CERTIFICATE-----\n");
  expect(
    await sharedSecrets(
      new Map([
        ["etc/machine-id", file("")],
        ["etc/ssl/certs/root.pem", certificate],
      ]),
    ),
  ).toEqual([]);
});
