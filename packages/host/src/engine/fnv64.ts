/** The low 32 bits of 2^40 + 2^8 + 0xb3, FNV's prime for 64 bits; the bit above them is a shift. */
const PRIME_LOW = 0x1b3;

/**
 * FNV-1a, 64 bits, as 16 hex digits: the checksum of bolt's meta pages, and a cheap fingerprint where nobody attacks.
 * In halves of 32 bits, since BigInt.asUintN of QuickJS 2025-04-26 gives negative numbers when the highest bit is set.
 */
export function fnv64(bytes: Iterable<number>): string {
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (const byte of bytes) {
    const mixed = (low ^ byte) >>> 0;
    const product = mixed * PRIME_LOW;
    high = (Math.imul(high, PRIME_LOW) + Math.floor(product / 2 ** 32) + (mixed << 8)) >>> 0;
    low = product % 2 ** 32;
  }
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}

/** Fingerprint of a text, 16 hex digits. */
export const fingerprint = (text: string): string =>
  fnv64([...text].flatMap((letter) => [(letter.codePointAt(0) ?? 0) & 0xff, (letter.codePointAt(0) ?? 0) >> 8]));
