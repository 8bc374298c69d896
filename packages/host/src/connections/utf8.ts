/** How many bytes a text takes in UTF-8. */
export function utf8Length(text: string): number {
  let length = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return length;
}

/** How many bytes follow the first one of a character; undefined when it cannot be a first one. */
function followers(first: number): number | undefined {
  if (first < 0x80) return 0;
  if (first >= 0xc2 && first <= 0xdf) return 1;
  if (first >= 0xe0 && first <= 0xef) return 2;
  return first >= 0xf0 && first <= 0xf4 ? 3 : undefined;
}

/** Text of UTF-8 (RFC 3629); undefined when the bytes are none. QuickJS has no TextDecoder. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at] ?? 0;
    const count = followers(first);
    if (count === undefined || at + count >= bytes.length) return undefined;
    let code = count === 0 ? first : first & (0x3f >> count);
    for (let next = 1; next <= count; next += 1) {
      const byte = bytes[at + next] ?? 0;
      if (byte >> 6 !== 2) return undefined;
      code = (code << 6) | (byte & 0x3f);
    }
    const isTooLong = (count === 2 && code < 0x800) || (count === 3 && code < 0x10000);
    if (isTooLong || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) return undefined;
    parts.push(String.fromCodePoint(code));
    at += count + 1;
  }
  return parts.join("");
}

/** A text in UTF-8; a lone surrogate becomes the replacement character. QuickJS has no TextEncoder. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    const code = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
    const rest = (shift: number): number => 0x80 | ((code >> shift) & 0x3f);
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), rest(0));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), rest(6), rest(0));
    else bytes.push(0xf0 | (code >> 18), rest(12), rest(6), rest(0));
  }
  return new Uint8Array(bytes);
}
