const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Bytes of base64 (RFC 4648), blanks allowed, padding optional; undefined when it is none. QuickJS has no atob. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const compact = text.replace(/\s/g, "");
  const digits = compact.replace(/={1,2}$/, "");
  if (digits.length % 4 === 1 || (digits !== compact && compact.length % 4 !== 0)) return undefined;
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4));
  let at = 0;
  let held = 0;
  let bits = 0;
  for (const digit of digits) {
    const value = ALPHABET.indexOf(digit);
    if (value < 0) return undefined;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at] = (held >> bits) & 0xff;
    at += 1;
  }
  return bytes;
}
