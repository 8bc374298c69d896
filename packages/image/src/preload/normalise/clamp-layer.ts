import type { Content } from "../../tree/entry.ts";
import { BLOCK, fieldNumber, type LayerMember, layerMembers, padded, trimPath } from "./layer-members.ts";
import { isVolatilePath } from "./volatile-paths.ts";

/** Times that a pax record would give with more digits than the header's whole seconds. */
const TIME_RECORDS = new Set(["mtime", "atime", "ctime", "LIBARCHIVE.creationtime"]);

export type ClampOptions = {
  /** No time in the layer is later than this, seconds since 1970. */
  readonly epoch: number;
  /** Bytes to put in place of a file's own, by path; read before. */
  readonly replacements: ReadonlyMap<string, Uint8Array>;
};

/**
 * A layer's tar without what depends on when and where it was built: later times become `epoch` (earlier ones, of
 * packages' files, stay: compiled caches refer to them), volatile files and owners' names go. Order stays: engines write
 * layers sorted.
 */
export function* clampedLayerParts(
  tar: Content & { readonly kind: "range" },
  { epoch, replacements }: ClampOptions,
): Generator<Content, void, undefined> {
  for (const member of layerMembers(tar)) {
    if (isVolatilePath(member.path)) continue;
    if (member.flag === "1" && isVolatilePath(trimPath(member.linkTarget))) continue;
    const replacement = member.size > 0 ? replacements.get(member.path) : undefined;
    const size = replacement?.length ?? member.size;
    yield { kind: "bytes", bytes: clampedHead(member, size, epoch) };
    if (size === 0) continue;
    yield replacement === undefined ? member.content : { kind: "bytes", bytes: replacement };
    if (padded(size) > size) yield { kind: "bytes", bytes: new Uint8Array(padded(size) - size) };
  }
  yield { kind: "bytes", bytes: new Uint8Array(2 * BLOCK) };
}

function clampedHead(member: LayerMember, size: number, epoch: number): Uint8Array {
  const header = Buffer.from(member.header);
  writeOctal(header, 136, 12, Math.min(fieldNumber(header, 136, 12), epoch));
  if (size !== member.size) writeOctal(header, 124, 12, size);
  // Names of owners are those of the machine that wrote the layer; numbers count.
  header.fill(0, 265, 329);
  writeChecksum(header);
  const records = member.records.filter(([key]) => !TIME_RECORDS.has(key) && !(key === "size" && size !== member.size));
  return Buffer.concat([member.prelude, extendedHeader(records, epoch), header]);
}

function extendedHeader(records: LayerMember["records"], epoch: number): Buffer {
  if (records.length === 0) return Buffer.alloc(0);
  const body = Buffer.concat(records.map(([key, value]) => encodeRecord(key, value)));
  const header = Buffer.alloc(BLOCK);
  header.write("PaxHeaders.0/x", 0);
  for (const [at, width, value] of [
    [100, 8, 0o644],
    [108, 8, 0],
    [116, 8, 0],
    [124, 12, body.length],
    [136, 12, epoch],
  ] as const)
    writeOctal(header, at, width, value);
  header.write("x", 156);
  header.write("ustar\u000000", 257);
  writeChecksum(header);
  return Buffer.concat([header, body, Buffer.alloc(padded(body.length) - body.length)]);
}

function encodeRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.byteLength(key) + value.length + 3;
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} ${key}=`), value, Buffer.from("\n")]);
}

function writeOctal(header: Buffer, at: number, width: number, value: number): void {
  header.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at, "latin1");
}

function writeChecksum(header: Buffer): void {
  header.write("        ", 148, "latin1");
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}
