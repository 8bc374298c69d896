import type { Deb } from "../../deb/open-deb.ts";
import { type Content, contentOf, type Entry, type ReadonlyTree, type Tree } from "../../tree/entry.ts";
import { readContent } from "../../tree/read-content.ts";
import {
  accountFiles,
  alternativeRecord,
  alternatives,
  containerFiles,
  fillPamTemplate,
} from "./base-configuration.ts";
import { isInSlim } from "./base-packages.ts";
import { addDpkgDatabase } from "./dpkg-database.ts";

const SHADOW = 42;
const UTMP = 43;
const MAIL = 8;
/** _apt's number in base-passwd's master file. */
const APT_USER = 42;

const directory = (mode = 0o755, gid = 0, uid = 0): Entry => ({ type: "directory", mode, uid, gid });
const link = (target: string): Entry => ({ type: "symlink", target, mode: 0o777, uid: 0, gid: 0 });
const file = (content: Content, mode = 0o644, gid = 0): Entry => ({ type: "file", content, mode, uid: 0, gid });

/**
 * The root filesystem of `debian:trixie-slim` from its packages: their files, and what their maintainer scripts would
 * have made, so that dpkg takes all of them for installed and configured. Scripts of packages that a Dockerfile installs
 * run as usual.
 * @throws Error when two packages bring the same file
 */
export async function baseTree(debs: readonly Deb[], architecture: string, epoch: number): Promise<Tree> {
  const tree = mergeFiles(debs);
  await addFromTemplates(tree, epoch);
  for (const [path, text] of Object.entries(containerFiles)) put(tree, path, text);
  put(tree, "usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755);
  addAlternatives(tree);
  addDirectories(tree);
  tree.set("etc/localtime", link("/usr/share/zoneinfo/Etc/UTC"));
  tree.set("etc/dpkg/origins/default", link("debian"));
  for (const [name, mode] of [
    ["wtmp", 0o664],
    ["btmp", 0o660],
    ["lastlog", 0o664],
  ] as const) {
    tree.set(`var/log/${name}`, file(contentOf(""), mode, UTMP));
  }
  tree.set("etc/security/opasswd", file(contentOf(""), 0o600));
  await addDpkgDatabase(tree, debs, architecture);
  return tree;
}

function mergeFiles(debs: readonly Deb[]): Tree {
  const tree: Tree = new Map([["", directory()]]);
  const owners = new Map<string, string>();
  for (const { name, entries } of debs) {
    for (const { path, entry } of entries) {
      if (!isInSlim(path)) continue;
      const before = tree.get(path);
      if (before !== undefined && entry.type === "directory") continue;
      if (before !== undefined) throw new Error(`/${path} comes from both ${owners.get(path) ?? "?"} and ${name}`);
      tree.set(path, entry);
      if (entry.type !== "directory") owners.set(path, name);
    }
  }
  return tree;
}

async function addFromTemplates(tree: Tree, epoch: number): Promise<void> {
  const text = (path: string) => readText(tree, path);
  const passwd = await text("usr/share/base-passwd/passwd.master");
  const accounts = accountFiles(passwd, await text("usr/share/base-passwd/group.master"), epoch);
  for (const [path, content] of Object.entries(accounts)) {
    const secret = path.endsWith("shadow");
    tree.set(path, file(contentOf(content), secret ? 0o640 : 0o644, secret ? SHADOW : 0));
  }
  for (const kind of ["account", "auth", "password", "session", "session-noninteractive"]) {
    put(tree, `etc/pam.d/common-${kind}`, fillPamTemplate(await text(`usr/share/pam/common-${kind}`)));
  }
  const copies = {
    "root/.profile": "usr/share/base-files/dot.profile",
    "root/.bashrc": "usr/share/base-files/dot.bashrc",
    "etc/profile": "usr/share/base-files/profile",
    "etc/motd": "usr/share/base-files/motd",
    "etc/nsswitch.conf": "usr/share/libc-bin/nsswitch.conf",
  };
  for (const [path, source] of Object.entries(copies)) put(tree, path, await text(source));
}

function addAlternatives(tree: Tree): void {
  for (const alternative of alternatives) {
    put(tree, `var/lib/dpkg/alternatives/${alternative.name}`, alternativeRecord(alternative));
    for (const { name, link: path, target } of [alternative, ...(alternative.slaves ?? [])]) {
      tree.set(path.slice(1), link(`/etc/alternatives/${name}`));
      tree.set(`etc/alternatives/${name}`, link(target));
    }
  }
}

function addDirectories(tree: Tree): void {
  for (const path of ["mnt", "srv", "opt", "media", "etc/opt", "var/opt", "etc/alternatives", "etc/dpkg/dpkg.cfg.d"])
    tree.set(path, directory());
  for (const name of [
    "",
    "/share",
    "/share/man",
    "/bin",
    "/games",
    "/lib",
    "/libexec",
    "/include",
    "/sbin",
    "/src",
    "/etc",
  ])
    tree.set(`usr/local${name}`, directory());
  tree.set("usr/local/man", link("share/man"));
  tree.set("var/mail", directory(0o2775, MAIL));
  tree.set("var/spool/mail", link("../mail"));
  tree.set("run/lock", directory(0o1777));
  tree.set("var/run", link("/run"));
  tree.set("var/lock", link("/run/lock"));
  tree.set("var/log/apt", directory());
  // Only root and apt's own user may look into what is being downloaded.
  for (const path of ["var/cache/apt/archives/partial", "var/lib/apt/lists/partial"])
    tree.set(path, directory(0o700, 0, APT_USER));
  for (const path of [...tree.keys()]) {
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      if (tree.get(path.slice(0, at)) === undefined) tree.set(path.slice(0, at), directory());
    }
  }
}

function put(tree: Tree, path: string, text: string, mode?: number): void {
  tree.set(path, file(contentOf(text), mode));
}

async function readText(tree: ReadonlyTree, path: string): Promise<string> {
  const entry = tree.get(path);
  if (entry?.type !== "file") throw new Error(`the packages of the base image bring no /${path}`);
  return new TextDecoder().decode(await readContent(entry.content));
}
