import { createHash } from "node:crypto";
import type { Deb } from "../../deb/open-deb.ts";
import { passingBlocksOf } from "../../pack/archive/stream-contents.ts";
import { contentOf, type Entry, type Tree } from "../../tree/entry.ts";
import { readContent } from "../../tree/read-content.ts";

const DATABASE = "var/lib/dpkg";
/** dpkg's parsing of a trigger directive: what, and whether the triggering package waits. */
const INTEREST = /^\s*interest(-noawait|-await)?\s+(\S+)/;

const file = (text: string, mode = 0o644): Entry => ({ type: "file", content: contentOf(text), mode, uid: 0, gid: 0 });

/**
 * Writes dpkg's own records (status, file lists, scripts, triggers) as if dpkg had installed and configured `debs` into
 * `tree`, so that apt and dpkg go on from there. Paths are those of the usr-merged tree.
 */
export async function addDpkgDatabase(tree: Tree, debs: readonly Deb[], architecture: string): Promise<void> {
  const sorted = [...debs].sort((a, b) => (a.name < b.name ? -1 : 1));
  const stanzas: string[] = [];
  for (const deb of sorted) {
    stanzas.push(await statusStanza(deb));
    addInfoFiles(tree, deb);
  }
  tree.set(`${DATABASE}/status`, file(`${stanzas.join("\n\n")}\n\n`));
  // Format 1: lists of packages that can be installed for several architectures carry the architecture's name.
  tree.set(`${DATABASE}/info/format`, file("1\n"));
  tree.set(`${DATABASE}/arch-native`, file(`${architecture}\n`));
  for (const name of ["available", "diversions", "statoverride", "lock", "lock-frontend"]) {
    tree.set(`${DATABASE}/${name}`, file("", name.startsWith("lock") ? 0o640 : 0o644));
  }
  addTriggers(tree, sorted);
}

/** A package's paragraph of the status file: its control fields, its state, and its configuration files with MD5. */
async function statusStanza({ control, conffiles, entries }: Deb): Promise<string> {
  const { Package: name, ...rest } = control;
  const fields: [string, string][] = [
    ["Package", name ?? ""],
    ["Status", "install ok installed"],
    ...Object.entries(rest),
  ];
  const sums: string[] = [];
  for (const line of conffiles) {
    // "remove-on-upgrade /path" names a file that is not there.
    if (!line.startsWith("/")) continue;
    const entry = entries.find(({ path }) => `/${path}` === line)?.entry;
    if (entry?.type !== "file") continue;
    sums.push(
      `${line} ${createHash("md5")
        .update(await readContent(entry.content))
        .digest("hex")}`,
    );
  }
  if (sums.length > 0) fields.push(["Conffiles", `\n${sums.join("\n")}`]);
  return fields.map(([key, value]) => renderField(key, value)).join("\n");
}

function renderField(key: string, value: string): string {
  const [first = "", ...more] = value.split("\n");
  return [first === "" ? `${key}:` : `${key}: ${first}`, ...more.map((line) => ` ${line}`)].join("\n");
}

function addInfoFiles(tree: Tree, { name, control, conffiles, scripts, triggers, entries }: Deb): void {
  const stem = control["Multi-Arch"] === "same" ? `${name}:${control["Architecture"] ?? ""}` : name;
  const put = (kind: string, text: string, mode?: number) =>
    tree.set(`${DATABASE}/info/${stem}.${kind}`, file(text, mode));
  put("list", `${entries.map(({ path }) => (path === "" ? "/." : `/${path}`)).join("\n")}\n`);
  put("md5sums", md5sums(entries, new Set(conffiles)));
  if (conffiles.length > 0) put("conffiles", `${conffiles.join("\n")}\n`);
  if (triggers !== undefined) put("triggers", triggers);
  for (const [kind, text] of Object.entries(scripts)) put(kind, text, 0o755);
}

/** Lets `dpkg --verify` check a package's files; configuration files have their sums in the status. */
function md5sums(entries: Deb["entries"], conffiles: ReadonlySet<string>): string {
  return entries
    .flatMap(({ path, entry }) => {
      if (entry.type !== "file" || conffiles.has(`/${path}`)) return [];
      const hash = createHash("md5");
      for (const block of passingBlocksOf([entry.content])) hash.update(block);
      return [`${hash.digest("hex")}  ${path}\n`];
    })
    .join("");
}

/** Who is to be told when a path or a name is triggered: libc-bin runs ldconfig when a library comes. */
function addTriggers(tree: Tree, debs: readonly Deb[]): void {
  const files: string[] = [];
  const named = new Map<string, string[]>();
  for (const { name, triggers = "" } of debs) {
    for (const line of triggers.split("\n")) {
      const match = INTEREST.exec(line);
      if (match === null) continue;
      const who = match[1] === "-noawait" ? `${name}/noawait` : name;
      const what = match[2] ?? "";
      if (what.startsWith("/")) files.push(`${what} ${who}`);
      else named.set(what, [...(named.get(what) ?? []), who]);
    }
  }
  tree.set(`${DATABASE}/triggers`, { type: "directory", mode: 0o755, uid: 0, gid: 0 });
  tree.set(`${DATABASE}/triggers/File`, file(files.map((line) => `${line}\n`).join("")));
  tree.set(`${DATABASE}/triggers/Unincorp`, file(""));
  tree.set(`${DATABASE}/triggers/Lock`, file("", 0o600));
  for (const [what, who] of named)
    tree.set(`${DATABASE}/triggers/${what}`, file(who.map((one) => `${one}\n`).join("")));
}
