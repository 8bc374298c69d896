/** FNV-1a, 64 bits: the checksum of bolt's meta pages, and a cheap fingerprint where nobody attacks. */
export function fnv64(bytes: Iterable<number>): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

/** Fingerprint of a text, 16 hex digits. */
export const fingerprint = (text: string): string =>
  fnv64([...text].flatMap((letter) => [(letter.codePointAt(0) ?? 0) & 0xff, (letter.codePointAt(0) ?? 0) >> 8]))
    .toString(16)
    .padStart(16, "0");
