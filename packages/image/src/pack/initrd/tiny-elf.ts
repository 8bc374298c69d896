/** Makes a minimal ELF-64 file for tests: one loadable segment, a dynamic section, perhaps an interpreter. */
export function tinyElf(options: {
  needed?: readonly string[];
  runPath?: string;
  interpreter?: string;
  machine?: number;
}): Uint8Array {
  const { needed = [], runPath, interpreter, machine = 62 } = options;
  const texts = ["", ...needed, ...(runPath === undefined ? [] : [runPath])];
  const offsets = texts.map((_, index) => texts.slice(0, index).reduce((total, text) => total + text.length + 1, 0));
  const strings = Buffer.from(`${texts.join("\0")}\0`);
  const loader = Buffer.from(interpreter === undefined ? "" : `${interpreter}\0`);
  const address = 0x10000;
  const stringsAt = 64 + 3 * 56;
  const loaderAt = stringsAt + strings.length;
  const dynamicAt = loaderAt + loader.length;
  const tags = [
    [5, address + stringsAt],
    [10, strings.length],
    ...needed.map((_, index) => [1, offsets[index + 1] ?? 0]),
    ...(runPath === undefined ? [] : [[29, offsets.at(-1) ?? 0]]),
    [0, 0],
  ];
  const file = Buffer.alloc(dynamicAt + tags.length * 16);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(machine, 18);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(interpreter === undefined ? 2 : 3, 56);
  const segments = [
    [1, 0, file.length],
    [2, dynamicAt, tags.length * 16],
    [3, loaderAt, loader.length],
  ];
  for (const [index, [type = 0, offset = 0, size = 0]] of segments.entries()) {
    const at = 64 + index * 56;
    file.writeUInt32LE(type, at);
    file.writeBigUInt64LE(BigInt(offset), at + 8);
    file.writeBigUInt64LE(BigInt(address + offset), at + 16);
    file.writeBigUInt64LE(BigInt(size), at + 32);
  }
  file.set(strings, stringsAt);
  file.set(loader, loaderAt);
  for (const [index, [tag = 0, value = 0]] of tags.entries()) {
    file.writeBigUInt64LE(BigInt(tag), dynamicAt + index * 16);
    file.writeBigUInt64LE(BigInt(value), dynamicAt + index * 16 + 8);
  }
  return file;
}
