import { decodeBase64 } from "./base64.ts";
import type { ValueParser } from "./config-key.ts";

const BLOCK = /-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g;
const SEQUENCE = 0x30;

/** Whether bytes are one DER sequence, no more and no less: what a certificate is, seen from outside. */
function isDerSequence(bytes: Uint8Array): boolean {
  const [tag, first] = bytes;
  if (tag !== SEQUENCE || first === undefined) return false;
  if (first < 0x80) return bytes.length === 2 + first;
  const count = first & 0x7f;
  if (count < 1 || count > 3) return false;
  const length = bytes.slice(2, 2 + count).reduce((sum, byte) => sum * 256 + byte, 0);
  return bytes.length === 2 + count + length;
}

/**
 * Certificates in PEM, each of lines of 64 characters and in the order given; comments between them are left out. The
 * value is PEM encoded as base64 once more. Whether a certificate is sound, openssl says when it is installed.
 */
export const parseRootCertificates: ValueParser<readonly string[] | undefined> = (value, complain) => {
  if (value === "") return undefined;
  const bytes = typeof value === "string" ? decodeBase64(value) : undefined;
  if (bytes === undefined) {
    complain("not base64");
    return undefined;
  }
  // PEM is ASCII; anything else can only be in the comments.
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const bodies = Array.from(text.matchAll(BLOCK), ([, body = ""]) => body.replace(/\s/g, ""));
  const begins = text.split("-----BEGIN CERTIFICATE-----").length - 1;
  const isWhole = (body: string): boolean => isDerSequence(decodeBase64(body) ?? new Uint8Array());
  if (bodies.length === 0 || bodies.length !== begins || !bodies.every(isWhole)) {
    complain("not PEM certificates");
    return undefined;
  }
  return bodies.map(
    (body) => `-----BEGIN CERTIFICATE-----\n${body.replace(/.{1,64}/g, "$&\n")}-----END CERTIFICATE-----\n`,
  );
};
