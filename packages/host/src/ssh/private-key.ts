import { decodeBase64 } from "../config/keys/base64.ts";

const BEGIN = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END = "-----END OPENSSH PRIVATE KEY-----";
const MAGIC = "openssh-key-v1\0";

const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** The fields of the binary form, each preceded by its length in four bytes; undefined when they do not fill it exactly. */
function fieldsOf(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < 4) return undefined;
    const length = view.getUint32(at);
    if (bytes.length - at - 4 < length) return undefined;
    fields.push(bytes.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return fields;
}

/**
 * The public half of an unencrypted private key file with one key in it (OpenSSH's PROTOCOL.key); undefined when the file
 * is not whole. An interrupted first boot may have left it empty, cut or full of noughts.
 */
export function publicBlobOf(text: string): Uint8Array | undefined {
  const lines = text.trim().split("\n");
  if (lines[0] !== BEGIN || lines.at(-1) !== END) return undefined;
  const bytes = decodeBase64(lines.slice(1, -1).join(""));
  if (bytes === undefined || textOf(bytes.slice(0, MAGIC.length)) !== MAGIC) return undefined;
  // Cipher, key derivation and its options; how many keys, which has no length; then the two halves.
  const rest = bytes.slice(MAGIC.length);
  const headEnd = "none".length * 2 + 3 * 4;
  const head = fieldsOf(rest.slice(0, headEnd))?.map(textOf).join(" ");
  const count = textOf(rest.slice(headEnd, headEnd + 4));
  const halves = fieldsOf(rest.slice(headEnd + 4));
  if (head !== "none none " || count !== "\0\0\0\u0001" || halves?.length !== 2) return undefined;
  const [publicBlob, privateBlob] = halves;
  return publicBlob === undefined || (privateBlob?.length ?? 0) <= publicBlob.length ? undefined : publicBlob;
}

/** The kind of key that a public blob begins with, e.g. `ssh-ed25519`; undefined for a damaged one. */
export function kindOfBlob(blob: Uint8Array): string | undefined {
  const [kind] = fieldsOf(blob) ?? [];
  return kind === undefined ? undefined : textOf(kind);
}

/** Whether a line of a .pub file is of that public blob. */
export function isPublicLineOf(line: string, blob: Uint8Array): boolean {
  const [kind, encoded = ""] = line.trim().split(" ");
  const decoded = decodeBase64(encoded);
  return kind === kindOfBlob(blob) && decoded !== undefined && textOf(decoded) === textOf(blob);
}
