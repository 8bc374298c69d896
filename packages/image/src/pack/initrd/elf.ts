import type { Content } from "../../tree/entry.ts";
import { type ContentReader, openContent } from "../archive/content-reader.ts";

/** What a dynamic loader asks of a program or library (System V ABI, ELF-64 little-endian). */
export type Elf = {
  /** e_machine: 62 is x86-64, 183 is AArch64. */
  readonly machine: number;
  readonly needed: readonly string[];
  /** Directories of DT_RUNPATH, else of DT_RPATH, as written: `$ORIGIN` is not replaced. */
  readonly runPath: readonly string[];
  readonly soname: string | undefined;
  /** The dynamic loader that the program names, an absolute path. */
  readonly interpreter: string | undefined;
};

const HEADER = 64;
const PROGRAM_HEADER = 56;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;
const DT_STRSZ = 10n;
const DT_SONAME = 14n;
const DT_RPATH = 15n;
const DT_RUNPATH = 29n;

type Segment = { readonly type: number; readonly offset: number; readonly address: bigint; readonly size: number };

/**
 * Reads a program's or library's dynamic section; undefined when the content is no 64-bit little-endian ELF file.
 * @throws RangeError when the file is ELF but its tables point outside it.
 */
export function readElf(content: Content): Elf | undefined {
  using reader = openContent(content);
  if (reader.size < HEADER) return undefined;
  const header = reader.read(0, HEADER);
  const isElf64Little = [0x7f, 0x45, 0x4c, 0x46, 2, 1].every((byte, at) => header[at] === byte);
  if (!isElf64Little) return undefined;
  const segments = readSegments(reader, viewOf(header));
  const machine = viewOf(header).getUint16(18, true);
  const interpreterSegment = segments.find((segment) => segment.type === PT_INTERP);
  const interpreter = interpreterSegment && cString(reader.read(interpreterSegment.offset, interpreterSegment.size), 0);
  const dynamic = segments.find((segment) => segment.type === PT_DYNAMIC);
  if (dynamic === undefined) return { machine, needed: [], runPath: [], soname: undefined, interpreter };
  return { machine, interpreter, ...readDynamic(reader, segments, dynamic) };
}

function readSegments(reader: ContentReader, header: DataView): Segment[] {
  const table = Number(header.getBigUint64(32, true));
  const entrySize = header.getUint16(54, true);
  const count = header.getUint16(56, true);
  if (count === 0 || entrySize < PROGRAM_HEADER) return [];
  const view = viewOf(reader.read(table, entrySize * count));
  return Array.from({ length: count }, (_, index) => {
    const at = index * entrySize;
    return {
      type: view.getUint32(at, true),
      offset: Number(view.getBigUint64(at + 8, true)),
      address: view.getBigUint64(at + 16, true),
      size: Number(view.getBigUint64(at + 32, true)),
    };
  });
}

function readDynamic(
  reader: ContentReader,
  segments: readonly Segment[],
  dynamic: Segment,
): Pick<Elf, "needed" | "runPath" | "soname"> {
  const view = viewOf(reader.read(dynamic.offset, dynamic.size));
  const tags: [tag: bigint, value: bigint][] = [];
  for (let at = 0; at + 16 <= dynamic.size; at += 16) {
    const tag = view.getBigUint64(at, true);
    if (tag === 0n) break;
    tags.push([tag, view.getBigUint64(at + 8, true)]);
  }
  const valuesOf = (wanted: bigint) => tags.filter(([tag]) => tag === wanted).map(([, value]) => value);
  const [tableAddress] = valuesOf(DT_STRTAB);
  const [tableSize] = valuesOf(DT_STRSZ);
  if (tableAddress === undefined || tableSize === undefined) return { needed: [], runPath: [], soname: undefined };
  const strings = reader.read(offsetOf(segments, tableAddress), Number(tableSize));
  const textsOf = (wanted: bigint) => valuesOf(wanted).map((offset) => cString(strings, Number(offset)));
  const [paths = ""] = [...textsOf(DT_RUNPATH), ...textsOf(DT_RPATH)];
  return {
    needed: textsOf(DT_NEEDED),
    runPath: paths.split(":").filter((path) => path !== ""),
    soname: textsOf(DT_SONAME)[0],
  };
}

function offsetOf(segments: readonly Segment[], address: bigint): number {
  const load = segments.find(
    (segment) =>
      segment.type === PT_LOAD && address >= segment.address && address < segment.address + BigInt(segment.size),
  );
  if (load === undefined) throw new RangeError(`address ${address} is in no segment of the file`);
  return load.offset + Number(address - load.address);
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function cString(bytes: Uint8Array, from: number): string {
  const end = bytes.indexOf(0, from);
  return new TextDecoder().decode(bytes.subarray(from, end === -1 ? bytes.length : end));
}
