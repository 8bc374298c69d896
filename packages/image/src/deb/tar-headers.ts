import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** One member of a tar file; the content's place instead of the content. */
export type TarMember = {
  /** As written, without leading `./` or trailing `/`; the top itself is "". */
  readonly path: string;
  readonly type: "file" | "hardlink" | "symlink" | "character" | "block" | "directory" | "fifo";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly user: string;
  readonly group: string;
  readonly linkTarget: string;
  readonly major: number;
  readonly minor: number;
  /** Where the content starts in the file, and its length. */
  readonly offset: number;
  readonly size: number;
  readonly xattrs: Readonly<Record<string, Uint8Array>>;
};

const BLOCK = 512;
/** Headers of neighbouring small files come with one read. */
const WINDOW = 64 * 1024;

const types: Readonly<Record<string, TarMember["type"]>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character",
  "4": "block",
  "5": "directory",
  "6": "fifo",
};

/**
 * Lists the members of an uncompressed tar (ustar, GNU long names, pax), reading headers only. Synchronous: some thousand
 * small reads are faster that way.
 * @throws Error when it is not a tar or ends early
 */
export function readTarHeaders(file: string): TarMember[] {
  const fd = openSync(file, "r");
  try {
    return scan(windowedReader(fd), fstatSync(fd).size);
  } finally {
    closeSync(fd);
  }
}

type ReadAt = (offset: number, length: number) => Buffer;

function windowedReader(fd: number): ReadAt {
  const window = Buffer.allocUnsafe(WINDOW);
  let start = 0;
  let filled = 0;
  return (offset, length) => {
    if (length > WINDOW) {
      const large = Buffer.alloc(length);
      if (readSync(fd, large, 0, length, offset) !== length) throw new Error("the tar ends early");
      return large;
    }
    if (offset < start || offset + length > start + filled) {
      start = offset;
      filled = readSync(fd, window, 0, WINDOW, offset);
      if (filled < length) throw new Error("the tar ends early");
    }
    return window.subarray(offset - start, offset - start + length);
  };
}

function scan(readAt: ReadAt, end: number): TarMember[] {
  const members: TarMember[] = [];
  let overrides: Overrides = {};
  let position = 0;
  while (position + BLOCK <= end) {
    const header = readAt(position, BLOCK);
    if (header.every((byte) => byte === 0)) return members;
    verifyChecksum(header);
    const flag = String.fromCharCode(header[156] ?? 0);
    const offset = position + BLOCK;
    const size = overrides.size ?? number(header, 124, 12);
    const body = (): Buffer => readAt(offset, size);
    if (offset + size > end) throw new Error("the tar ends early");
    if (flag === "L") overrides.path = text(body(), 0, size);
    else if (flag === "K") overrides.linkTarget = text(body(), 0, size);
    else if (flag === "x") overrides = { ...overrides, ...parsePax(body()) };
    else if (flag !== "g") {
      members.push(member(header, flag, offset, size, overrides));
      overrides = {};
    }
    position = offset + Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new Error("the tar ends early");
}

type Overrides = {
  path?: string;
  linkTarget?: string;
  size?: number;
  uid?: number;
  gid?: number;
  user?: string;
  group?: string;
  xattrs?: Record<string, Uint8Array>;
};

function member(header: Buffer, flag: string, offset: number, size: number, overrides: Overrides): TarMember {
  const type = types[flag];
  if (type === undefined) throw new Error(`a tar member of unknown type ${JSON.stringify(flag)}`);
  const isUstar = text(header, 257, 5) === "ustar";
  const prefix = isUstar && header[263] === 0x30 ? text(header, 345, 155) : "";
  const name = text(header, 0, 100);
  const path = overrides.path ?? (prefix === "" ? name : `${prefix}/${name}`);
  return {
    path: normalize(path),
    type,
    mode: number(header, 100, 8) & 0o7777,
    uid: overrides.uid ?? number(header, 108, 8),
    gid: overrides.gid ?? number(header, 116, 8),
    user: overrides.user ?? text(header, 265, 32),
    group: overrides.group ?? text(header, 297, 32),
    linkTarget: overrides.linkTarget ?? text(header, 157, 100),
    major: type === "character" || type === "block" ? number(header, 329, 8) : 0,
    minor: type === "character" || type === "block" ? number(header, 337, 8) : 0,
    offset,
    size: type === "file" ? size : 0,
    xattrs: overrides.xattrs ?? {},
  };
}

/** `./usr/bin/` -> `usr/bin`. Refuses to leave the tree. */
export function normalize(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw new Error(`a tar member outside of the tree: ${path}`);
  return parts.join("/");
}

function text(buffer: Buffer, start: number, length: number): string {
  const end = buffer.indexOf(0, start);
  return buffer.toString("utf8", start, end === -1 || end > start + length ? start + length : end);
}

/** Octal text, or GNU's big-endian binary with the first bit set. */
function number(header: Buffer, start: number, length: number): number {
  const first = header[start] ?? 0;
  if (first < 0x80) return Number.parseInt(text(header, start, length).trim() || "0", 8);
  let value = first & 0x7f;
  for (let at = start + 1; at < start + length; at++) value = value * 256 + (header[at] ?? 0);
  return value;
}

const CHECKSUM = { start: 148, end: 156 };

function verifyChecksum(header: Buffer): void {
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) sum += at >= CHECKSUM.start && at < CHECKSUM.end ? 0x20 : (header[at] ?? 0);
  if (sum !== number(header, CHECKSUM.start, 8)) throw new Error("a damaged tar header");
}

function parsePax(body: Buffer): Overrides {
  const found: Overrides = {};
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const length = Number.parseInt(body.toString("latin1", at, space), 10);
    const equals = body.indexOf(0x3d, space);
    if (!(length > 0) || space < at || equals < space) throw new Error("a damaged pax header");
    const key = body.toString("utf8", space + 1, equals);
    setOverride(found, key, body.subarray(equals + 1, at + length - 1));
    at += length;
  }
  return found;
}

const XATTR = "SCHILY.xattr.";

function setOverride(found: Overrides, key: string, value: Buffer): void {
  const asText = value.toString();
  if (key === "path") found.path = asText;
  else if (key === "linkpath") found.linkTarget = asText;
  else if (key === "size") found.size = Number(asText);
  else if (key === "uid") found.uid = Number(asText);
  else if (key === "gid") found.gid = Number(asText);
  else if (key === "uname") found.user = asText;
  else if (key === "gname") found.group = asText;
  else if (key.startsWith(XATTR)) found.xattrs = { ...found.xattrs, [key.slice(XATTR.length)]: Uint8Array.from(value) };
}
