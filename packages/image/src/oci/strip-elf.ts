const PROGRAM_LOAD = 1;

/**
 * A 64-bit little-endian ELF program without what only debuggers and linkers read: everything after the last byte that
 * the loader maps (symbol and string tables) and the section headers. Works for any processor on any machine, so no
 * cross-binutils are needed; the kernel and the dynamic loader look at program headers alone. Pure.
 * @throws Error when the bytes are not such a program.
 */
export function stripElf(program: Uint8Array): Uint8Array {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  if (program.length < 64 || view.getUint32(0) !== 0x7f454c46 || program[4] !== 2 || program[5] !== 1) {
    throw new Error("not a 64-bit little-endian ELF program");
  }
  const headersAt = Number(view.getBigUint64(32, true));
  const headerSize = view.getUint16(54, true);
  const headerCount = view.getUint16(56, true);
  let end = headersAt + headerSize * headerCount;
  for (let index = 0; index < headerCount; index++) {
    const at = headersAt + index * headerSize;
    const fileEnd = Number(view.getBigUint64(at + 8, true) + view.getBigUint64(at + 32, true));
    if (view.getUint32(at, true) === PROGRAM_LOAD) end = Math.max(end, fileEnd);
  }
  if (end > program.length) throw new Error(`the program is cut: ${program.length} of ${end} bytes`);
  const stripped = program.slice(0, end);
  const out = new DataView(stripped.buffer);
  out.setBigUint64(40, 0n, true);
  for (const field of [58, 60, 62]) out.setUint16(field, 0, true);
  return stripped;
}
