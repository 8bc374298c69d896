import { closeSync, openSync } from "node:fs";
import { readFully } from "../../pack/archive/stream-contents.ts";
import type { Content } from "../../tree/entry.ts";

export const BLOCK = 512;

/** One member of a layer's tar with its headers as they are, so that whatever is not changed stays as it was. */
export type LayerMember = {
  /** Without leading `./` or trailing slash. */
  readonly path: string;
  readonly linkTarget: string;
  readonly flag: string;
  /** Records of the extended header, keys and raw values; none means that there is no such header. */
  readonly records: readonly (readonly [string, Buffer])[];
  /** GNU long names and global headers that stand before, as they are. */
  readonly prelude: Buffer;
  readonly header: Buffer;
  readonly size: number;
  readonly content: Content & { readonly kind: "range" };
};

/**
 * Walks through a layer's tar (ustar, pax, GNU), which is a range of a file.
 * @throws Error when it ends early
 */
export function* layerMembers(tar: Content & { readonly kind: "range" }): Generator<LayerMember, void, undefined> {
  const descriptor = openSync(tar.file, "r");
  try {
    const end = tar.offset + tar.size;
    let at = tar.offset;
    const read = (length: number): Buffer => {
      if (at + length > end) throw new Error(`the layer in ${tar.file} ends early`);
      const bytes = Buffer.alloc(length);
      readFully(descriptor, bytes, at, tar.file);
      at += length;
      return bytes;
    };
    let before: Before = { records: [], prelude: [] };
    while (at < end) {
      const header = read(BLOCK);
      if (header.every((byte) => byte === 0)) return;
      const flag = String.fromCharCode(header[156] ?? 0);
      if ("xgLK".includes(flag)) {
        const size = fieldNumber(header, 124, 12);
        before = withPrelude(before, flag, header, read(padded(size)), size);
        continue;
      }
      const size = hasContent(flag) ? Number(recordText(before, "size") ?? fieldNumber(header, 124, 12)) : 0;
      const content = { kind: "range", file: tar.file, offset: at, size } as const;
      at += padded(size);
      yield member(before, header, flag, size, content);
      before = { records: [], prelude: [] };
    }
  } finally {
    closeSync(descriptor);
  }
}

type Before = {
  readonly records: readonly (readonly [string, Buffer])[];
  readonly prelude: readonly Buffer[];
  readonly longName?: string;
  readonly longLink?: string;
};

export const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK;
const hasContent = (flag: string): boolean => ["0", "\0", "7"].includes(flag);

function withPrelude(before: Before, flag: string, header: Buffer, body: Buffer, size: number): Before {
  const bytes = body.subarray(0, size);
  if (flag === "x") return { ...before, records: parseRecords(bytes) };
  const prelude = [...before.prelude, header, body];
  const text = bytes.toString().replace(/\0.*$/s, "");
  if (flag === "L") return { ...before, prelude, longName: text };
  return flag === "K" ? { ...before, prelude, longLink: text } : { ...before, prelude };
}

function member(
  before: Before,
  header: Buffer,
  flag: string,
  size: number,
  content: LayerMember["content"],
): LayerMember {
  const prefix = header.toString("latin1", 257, 262) === "ustar" ? fieldText(header, 345, 155) : "";
  const short = `${prefix === "" ? "" : `${prefix}/`}${fieldText(header, 0, 100)}`;
  const name = recordText(before, "path") ?? before.longName ?? short;
  return {
    path: trimPath(name),
    linkTarget: recordText(before, "linkpath") ?? before.longLink ?? fieldText(header, 157, 100),
    flag,
    records: before.records,
    prelude: Buffer.concat(before.prelude),
    header,
    size,
    content,
  };
}

export function trimPath(name: string): string {
  return name
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}

const recordText = ({ records }: Before, key: string): string | undefined =>
  records.find(([name]) => name === key)?.[1].toString();

function parseRecords(body: Buffer): [string, Buffer][] {
  const records: [string, Buffer][] = [];
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const length = Number.parseInt(body.toString("latin1", at, space), 10);
    const equals = body.indexOf(0x3d, space);
    if (!(length > 0) || space < 0 || equals < 0) throw new Error("a malformed extended header in a layer");
    records.push([body.toString("utf8", space + 1, equals), body.subarray(equals + 1, at + length - 1)]);
    at += length;
  }
  return records;
}

function fieldText(header: Buffer, start: number, length: number): string {
  const end = header.indexOf(0, start);
  return header.toString("utf8", start, end === -1 || end > start + length ? start + length : end);
}

/** Octal text, or GNU's big-endian binary with the first bit set. */
export function fieldNumber(header: Buffer, start: number, length: number): number {
  const first = header[start] ?? 0;
  if ((first & 0x80) === 0) return Number.parseInt(fieldText(header, start, length).trim() || "0", 8);
  let value = first & 0x7f;
  for (let index = 1; index < length; index++) value = value * 256 + (header[start + index] ?? 0);
  return value;
}
