const u16 = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
const u32 = (bytes: Uint8Array, at: number): number => (u16(bytes, at) | (u16(bytes, at + 2) << 16)) >>> 0;

/** How much of a UKI has to be read for its section table. */
export const PE_HEADER_BYTES = 4096;

/** Offset and length of the `.cmdline` section in a PE file, from the file's first bytes; undefined for other files. */
export function findCmdlineSection(head: Uint8Array): { readonly offset: number; readonly length: number } | undefined {
  if (u16(head, 0) !== 0x5a4d) return undefined;
  const pe = u32(head, 0x3c);
  if (u32(head, pe) !== 0x4550) return undefined;
  const count = u16(head, pe + 6);
  const table = pe + 24 + u16(head, pe + 20);
  for (let index = 0; index < count; index += 1) {
    const at = table + index * 40;
    const name = String.fromCharCode(...head.slice(at, at + 8)).replace(/\0+$/, "");
    // The virtual size is the exact one; the raw size is padded to the file's alignment.
    if (name === ".cmdline")
      return { offset: u32(head, at + 20), length: Math.min(u32(head, at + 8), u32(head, at + 16)) };
  }
  return undefined;
}
