import type { Content, Entry } from "../tree/entry.ts";
import { mergeLinkTarget, mergeUsr } from "./merge-usr.ts";
import { normalize, type TarMember } from "./tar-headers.ts";

/** What is kept beside a package's unpacked data.tar, so that opening it again reads one small file. */
export type DebIndex = {
  /** Of this format: an index with another number is made again. */
  readonly version: 1;
  readonly control: Readonly<Record<string, string>>;
  /** Maintainer scripts by name: preinst, postinst, prerm, postrm, config. */
  readonly scripts: Readonly<Record<string, string>>;
  readonly conffiles: readonly string[];
  readonly triggers?: string;
  /** Members of data.tar; xattrs in base64. */
  readonly members: readonly IndexedMember[];
};

export type IndexedMember = Omit<TarMember, "xattrs"> & { readonly xattrs?: Readonly<Record<string, string>> };

/** One path of a package, usr-merged, with its owner also by name: numbers above 99 mean nothing outside of the package. */
export type DebEntry = {
  readonly path: string;
  readonly entry: Entry;
  readonly user: string;
  readonly group: string;
};

/** Indexable form of a tar member. Pure. */
export function indexMember({ xattrs, ...member }: TarMember): IndexedMember {
  const names = Object.entries(xattrs);
  if (names.length === 0) return member;
  return {
    ...member,
    xattrs: Object.fromEntries(names.map(([name, value]) => [name, Buffer.from(value).toString("base64")])),
  };
}

/**
 * The entries of a package whose unpacked data.tar is `file`. Hard links become files that share the first name's content.
 * Pure.
 * @throws Error for a hard link to something that is not a file before it
 */
export function debEntries(members: readonly IndexedMember[], file: string): DebEntry[] {
  const files = new Map<string, Entry>();
  return members.map((member) => {
    const path = mergeUsr(member.path, member.type === "directory");
    const entry = member.type === "hardlink" ? files.get(normalize(member.linkTarget)) : toEntry(member, path, file);
    if (entry === undefined)
      throw new Error(`${member.path} is a hard link to ${member.linkTarget}, which is not before it`);
    if (entry.type === "file") files.set(member.path, entry);
    return { path, entry, user: member.user, group: member.group };
  });
}

function toEntry(member: IndexedMember, path: string, file: string): Entry {
  const { mode, uid, gid, major, minor, offset, size } = member;
  const xattrs = member.xattrs === undefined ? undefined : decodeXattrs(member.xattrs);
  const common = { mode, uid, gid, ...(xattrs === undefined ? {} : { xattrs }) };
  const content: Content = size === 0 ? EMPTY : { kind: "range", file, offset, size };
  switch (member.type) {
    case "file":
      return { ...common, type: "file", content };
    case "symlink":
      return { ...common, type: "symlink", target: mergeLinkTarget(member.linkTarget, member.path, path) };
    case "character":
    case "block":
      return { ...common, type: member.type, major, minor };
    case "directory":
    case "fifo":
      return { ...common, type: member.type };
    case "hardlink":
      throw new Error("a hard link has no entry of its own");
  }
}

const EMPTY: Content = { kind: "bytes", bytes: new Uint8Array() };

function decodeXattrs(xattrs: Readonly<Record<string, string>>): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(xattrs).map(([name, value]) => [name, Uint8Array.from(Buffer.from(value, "base64"))]),
  );
}
