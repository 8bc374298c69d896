import { type Layer, refuse } from "@holdfast/contracts";
import { z } from "zod";
import { contentOf, type Tree } from "../tree/entry.ts";

const id = z.int().min(0).max(65534);
/** os/ledger/accounts.json: numbers once given are never changed or used again, so that owners on resin-state stay right. */
export const accountsLedgerSchema = z.strictObject({
  users: z.record(z.string(), id),
  groups: z.record(z.string(), id),
});
export type AccountsLedger = z.output<typeof accountsLedgerSchema>;

/** Groups that udev rules and static Debian files name, on every device. */
const baseGroups = [
  "root",
  "daemon",
  "adm",
  "tty",
  "disk",
  "lp",
  "kmem",
  "dialout",
  "cdrom",
  "tape",
  "audio",
  "shadow",
  "utmp",
  "video",
  "plugdev",
  "users",
  "nogroup",
];
/** shadow's "last changed" is a fixed day: a clock value would differ between builds. */
const LAST_CHANGED = 20000;

const NOBODY = 65534;

type Account = { name: string; uid: number; gid: number; comment: string; home: string; shell: string };

/**
 * Writes passwd, group, shadow and gshadow from the layers' users with numbers from the ledger.
 * No password works for anybody: development logins are let in by their own PAM service and getty, not by an empty field.
 * @throws `image.unlisted-account` when the ledger has no number for a user or group.
 */
export function writeAccounts(tree: Tree, layers: readonly Layer[], ledger: AccountsLedger): void {
  const users = layers.flatMap((layer) => layer.users);
  const groupNames = new Set([
    ...baseGroups,
    ...layers.flatMap((layer) => layer.groups),
    ...users.map((user) => user.group ?? user.name),
  ]);
  const groups = [...groupNames]
    .map((name) => ({ name, gid: lookUp(ledger.groups, "group", name) }))
    .sort((a, b) => a.gid - b.gid);
  const accounts: Account[] = [
    { name: "root", uid: 0, gid: 0, comment: "root", home: "/root", shell: "/bin/bash" },
    { name: "daemon", uid: 1, gid: 1, comment: "daemon", home: "/usr/sbin", shell: "/usr/sbin/nologin" },
    { name: "nobody", uid: NOBODY, gid: NOBODY, comment: "nobody", home: "/nonexistent", shell: "/usr/sbin/nologin" },
    ...users.map((user) => ({
      name: user.name,
      uid: lookUp(ledger.users, "user", user.name),
      gid: lookUp(ledger.groups, "group", user.group ?? user.name),
      comment: user.comment,
      home: user.home,
      shell: user.shell,
    })),
  ].sort((a, b) => a.uid - b.uid);
  const members = (group: string) =>
    users
      .filter((user) => user.groups.includes(group))
      .map((user) => user.name)
      .join(",");
  const shadow = lookUp(ledger.groups, "group", "shadow");
  const file = (path: string, lines: string[], mode: number, gid: number) =>
    tree.set(path, { type: "file", content: contentOf(`${lines.join("\n")}\n`), mode, uid: 0, gid });
  file(
    "etc/passwd",
    accounts.map((a) => `${a.name}:x:${a.uid}:${a.gid}:${a.comment}:${a.home}:${a.shell}`),
    0o644,
    0,
  );
  file(
    "etc/group",
    groups.map((g) => `${g.name}:x:${g.gid}:${members(g.name)}`),
    0o644,
    0,
  );
  file(
    "etc/shadow",
    accounts.map((a) => `${a.name}:*:${LAST_CHANGED}:0:99999:7:::`),
    0o640,
    shadow,
  );
  file(
    "etc/gshadow",
    groups.map((g) => `${g.name}:*::${members(g.name)}`),
    0o640,
    shadow,
  );
}

/** The number of an owner named in a layer. @throws `image.unlisted-account` */
export function lookUp(ledger: Readonly<Record<string, number>>, kind: "user" | "group", name: string): number {
  return (
    ledger[name] ??
    refuse("image.unlisted-account", {
      message: `The ${kind} "${name}" has no number in os/ledger/accounts.json.`,
      hint: `Append "${name}": ${nextFree(ledger)} to its ${kind}s; numbers are never changed or used again.`,
    })
  );
}

/** The number after the last that was given; `nobody` has the highest of all. Pure. */
function nextFree(ledger: Readonly<Record<string, number>>): number {
  return Math.max(0, ...Object.values(ledger).filter((id) => id < NOBODY)) + 1;
}
