import { type Content, type Entry, type ReadonlyTree, sizeOf } from "../../tree/entry.ts";
import { orderedEntries } from "./ordered-entries.ts";

const BLOCK = 512;
const NAME_MAX = 100;
const OCTAL_7_MAX = 0o7777777;
const OCTAL_11_MAX = 0o77777777777;
/** tar's own default record: two zero blocks end the archive, padded to 20 blocks. */
const RECORD = 20 * BLOCK;

const TYPE_FLAGS = { file: "0", symlink: "2", character: "3", block: "4", directory: "5", fifo: "6" } as const;
const encoder = new TextEncoder();

export type ArchiveOptions = {
  /** Modification time of every entry, seconds since 1970. */
  readonly epoch: number;
};

/**
 * The tree as a POSIX (pax) tar, as a sequence of byte ranges: sorted, numeric owners only, one time for all, extended
 * attributes as SCHILY.xattr records, files that share a Content object as hard links. Pure: nothing is read.
 */
export function* tarParts(tree: ReadonlyTree, { epoch }: ArchiveOptions): Generator<Content, void, undefined> {
  let written = 0;
  for (const { path, entry, linkTo } of orderedEntries(tree)) {
    const head = entryHead(path, entry, linkTo, epoch);
    written += head.length;
    yield { kind: "bytes", bytes: head };
    if (entry.type !== "file" || linkTo !== undefined) continue;
    const size = sizeOf(entry.content);
    if (size === 0) continue;
    yield entry.content;
    const padding = (BLOCK - (size % BLOCK)) % BLOCK;
    if (padding > 0) yield { kind: "bytes", bytes: new Uint8Array(padding) };
    written += size + padding;
  }
  const end = 2 * BLOCK;
  yield { kind: "bytes", bytes: new Uint8Array(end + ((RECORD - ((written + end) % RECORD)) % RECORD)) };
}

function entryHead(path: string, entry: Entry, linkTo: string | undefined, epoch: number): Uint8Array {
  const name = path === "" ? "./" : entry.type === "directory" ? `${path}/` : path;
  const link = linkTo ?? (entry.type === "symlink" ? entry.target : "");
  const size = entry.type === "file" && linkTo === undefined ? sizeOf(entry.content) : 0;
  const records: Uint8Array[] = [];
  const split = splitName(name);
  if (split === undefined) records.push(paxRecord("path", encoder.encode(name)));
  if (!fitsField(link)) records.push(paxRecord("linkpath", encoder.encode(link)));
  if (size > OCTAL_11_MAX) records.push(paxRecord("size", encoder.encode(String(size))));
  for (const key of ["uid", "gid"] as const)
    if (entry[key] > OCTAL_7_MAX) records.push(paxRecord(key, encoder.encode(String(entry[key]))));
  // A hard link's attributes are its inode's, given with the first name.
  if (linkTo === undefined)
    for (const key of Object.keys(entry.xattrs ?? {}).sort())
      records.push(paxRecord(`SCHILY.xattr.${key}`, entry.xattrs?.[key] ?? new Uint8Array()));

  const header = ustarHeader({
    name: split?.name ?? cut(name),
    prefix: split?.prefix ?? "",
    mode: entry.mode,
    uid: Math.min(entry.uid, OCTAL_7_MAX),
    gid: Math.min(entry.gid, OCTAL_7_MAX),
    size: Math.min(size, OCTAL_11_MAX),
    epoch,
    flag: linkTo === undefined ? TYPE_FLAGS[entry.type] : "1",
    link: fitsField(link) ? link : cut(link),
    device: entry.type === "character" || entry.type === "block" ? [entry.major, entry.minor] : [0, 0],
  });
  return records.length === 0 ? header : concat([paxHead(records, epoch), header]);
}

/** The extended header that goes before an entry: its own ustar block, then the padded records. */
function paxHead(records: readonly Uint8Array[], epoch: number): Uint8Array {
  const body = concat(records);
  const header = ustarHeader({
    name: "PaxHeader",
    prefix: "",
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: body.length,
    epoch,
    flag: "x",
    link: "",
    device: [0, 0],
  });
  return concat([header, body, new Uint8Array((BLOCK - (body.length % BLOCK)) % BLOCK)]);
}

/** "<length> <key>=<value>\n", where the length counts its own digits. */
function paxRecord(key: string, value: Uint8Array): Uint8Array {
  const rest = encoder.encode(` ${key}=`).length + value.length + 1;
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length = rest + String(length).length;
  return concat([encoder.encode(`${length} ${key}=`), value, encoder.encode("\n")]);
}

type UstarFields = {
  readonly name: string;
  readonly prefix: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly epoch: number;
  readonly flag: string;
  readonly link: string;
  readonly device: readonly [number, number];
};

function ustarHeader(fields: UstarFields): Uint8Array {
  const header = new Uint8Array(BLOCK);
  const put = (at: number, text: string) => header.set(encoder.encode(text), at);
  const octal = (at: number, width: number, value: number) => put(at, value.toString(8).padStart(width - 1, "0"));
  put(0, fields.name);
  octal(100, 8, fields.mode);
  octal(108, 8, fields.uid);
  octal(116, 8, fields.gid);
  octal(124, 12, fields.size);
  octal(136, 12, fields.epoch);
  put(148, "        ");
  put(156, fields.flag);
  put(157, fields.link);
  put(257, "ustar\u000000");
  octal(329, 8, fields.device[0]);
  octal(337, 8, fields.device[1]);
  put(345, fields.prefix);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\u0000 `);
  return header;
}

/** ustar's two fields for a name of up to 255 bytes, if a slash lies where they can be parted. */
function splitName(name: string): { name: string; prefix: string } | undefined {
  if (fitsField(name)) return { name, prefix: "" };
  if (!isAscii(name)) return undefined;
  for (let at = name.indexOf("/"); at !== -1 && at <= 155; at = name.indexOf("/", at + 1)) {
    const rest = name.slice(at + 1);
    if (rest.length > 0 && rest.length <= NAME_MAX) return { name: rest, prefix: name.slice(0, at) };
  }
  return undefined;
}

const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);
const fitsField = (text: string): boolean => isAscii(text) && text.length <= NAME_MAX;
/** What old readers see when the pax record has the whole name. */
const cut = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, "_").slice(0, NAME_MAX);

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
