/** Half a byte at a time: making a table for whole bytes takes a QuickJS longer than all that is summed with it. */
const table = [
  0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320,
  0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
];
const POLYNOMIAL = 0xedb88320;

/** The product of two polynomials modulo the sum's own; bit 31 is the coefficient of x^0. */
function multiply(a: number, b: number): number {
  let [product, shifted] = [0, b];
  for (let bit = 31; bit >= 0; bit -= 1) {
    if (((a >>> bit) & 1) === 1) product ^= shifted;
    shifted = (shifted & 1) === 1 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1;
  }
  return product;
}

/** x to the power of that many bits. */
function power(bits: number): number {
  let result = 0x80000000;
  for (let square = 0x40000000, left = bits; left > 0; left = Math.floor(left / 2), square = multiply(square, square))
    if (left % 2 === 1) result = multiply(result, square);
  return result;
}

/** Words that are looked at in one call, which costs QuickJS less than one turn of a loop for each. */
const BLOCK_WORDS = 64;

/** How many bytes there are without whole blocks of noughts at the end. */
function lengthWithoutNoughts(bytes: Uint8Array): number {
  const words = new Uint32Array(bytes.slice(0, bytes.length - (bytes.length % 4)).buffer);
  if (words.length * 4 !== bytes.length) return bytes.length;
  let end = words.length;
  while (end >= BLOCK_WORDS && Reflect.apply(Math.max, undefined, words.subarray(end - BLOCK_WORDS, end)) === 0)
    end -= BLOCK_WORDS;
  return end * 4;
}

/**
 * CRC-32 as GPT headers use it (IEEE 802.3). Noughts at the end, most of a partition table, are taken in one step: they
 * multiply by a power of x. Byte by byte they took the initrd's QuickJS longer than everything else that it does there.
 */
export function crc32(bytes: Uint8Array): number {
  const end = lengthWithoutNoughts(bytes);
  let crc = 0xffffffff;
  for (let at = 0; at < end; at += 1) {
    crc ^= bytes[at] ?? 0;
    crc = (crc >>> 4) ^ (table[crc & 15] ?? 0);
    crc = (crc >>> 4) ^ (table[crc & 15] ?? 0);
  }
  return (multiply(crc, power(8 * (bytes.length - end))) ^ 0xffffffff) >>> 0;
}
