import type { ContentReader } from "../archive/content-reader.ts";

/** One section of a PE file, as systemd's stub finds a UKI's parts. */
export type PeSection = { readonly name: string; readonly offset: number; readonly size: number };

const DOS_HEADER = 64;
const SECTION_HEADER = 40;

/** The sections of a PE file (Microsoft PE/COFF specification), in file order; undefined when it is none. */
export function peSections(reader: ContentReader): PeSection[] | undefined {
  if (reader.size < DOS_HEADER) return undefined;
  const dos = Buffer.from(reader.read(0, DOS_HEADER));
  const at = dos.readUInt32LE(60);
  if (dos.toString("latin1", 0, 2) !== "MZ" || at + 24 > reader.size) return undefined;
  const coff = Buffer.from(reader.read(at, 24));
  if (coff.toString("latin1", 0, 4) !== "PE\u0000\u0000") return undefined;
  const [count, optionalHeader] = [coff.readUInt16LE(6), coff.readUInt16LE(20)];
  const tableAt = at + 24 + optionalHeader;
  if (tableAt + count * SECTION_HEADER > reader.size) return undefined;
  const table = Buffer.from(reader.read(tableAt, count * SECTION_HEADER));
  return Array.from({ length: count }, (_, index) => {
    const header = table.subarray(index * SECTION_HEADER, (index + 1) * SECTION_HEADER);
    const [virtualSize, rawSize] = [header.readUInt32LE(8), header.readUInt32LE(16)];
    const name = header.toString("latin1", 0, 8).split("\u0000", 1)[0] ?? "";
    return { name, offset: header.readUInt32LE(20), size: Math.min(virtualSize, rawSize) };
  });
}
