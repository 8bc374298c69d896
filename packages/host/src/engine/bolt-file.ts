import { fnv64 } from "./fnv64.ts";

/** bbolt's file format: two meta pages, each with a checksum, of which the newer valid one counts. */
const MAGIC = 0xed0cdaed;
const VERSION = 2;
const META_AT = 16;
const META_SUMMED_BYTES = 56;
/** Page sizes of the kernels that we ship. */
const PAGE_SIZES = [4096, 16384, 65536];

/** How much of the file's beginning has to be read. */
export const BOLT_HEAD_BYTES = 65536 + 4096;

function readMeta(head: Uint8Array, at: number): { readonly bytes: number } | undefined {
  if (head.length < at + META_AT + META_SUMMED_BYTES + 8) return undefined;
  const meta = new DataView(head.buffer, head.byteOffset + at + META_AT, META_SUMMED_BYTES + 8);
  if (meta.getUint32(0, true) !== MAGIC || meta.getUint32(4, true) !== VERSION) return undefined;
  const summed = new Uint8Array(meta.buffer, meta.byteOffset, META_SUMMED_BYTES);
  const hex = (at: number): string => meta.getUint32(at, true).toString(16).padStart(8, "0");
  if (fnv64(summed) !== hex(META_SUMMED_BYTES + 4) + hex(META_SUMMED_BYTES)) return undefined;
  // The high-water mark: pages below it may be read.
  const pages = meta.getUint32(40, true) + meta.getUint32(44, true) * 2 ** 32;
  return { bytes: pages * meta.getUint32(8, true) };
}

/** Whether bolt can open the file: a meta page is whole, and the file is as long as that page says. */
export function isBoltUsable(head: Uint8Array, fileBytes: number): boolean {
  if (fileBytes === 0) return true;
  const metas = [0, ...PAGE_SIZES].map((at) => readMeta(head, at)).filter((meta) => meta !== undefined);
  return metas.length > 0 && metas.some((meta) => meta.bytes <= fileBytes);
}
