import type { ValueParser } from "./config-key.ts";
import { isOneLine } from "./value-parsers.ts";

/** Type and base64, possibly between options and a comment; one line. */
export const PUBLIC_KEY =
  /\b(ssh-(rsa|ed25519|dss)|ecdsa-sha2-nistp\d+|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/=]+/;

/** A list of public keys as authorized_keys takes them. A key that is none is left out, the others count. */
export const parsePublicKeys: ValueParser<readonly string[]> = (value, complain) => {
  if (!Array.isArray(value)) {
    complain("not a list");
    return undefined;
  }
  const keys: string[] = [];
  for (const [index, key] of value.entries()) {
    const line = typeof key === "string" ? key.trim() : "";
    if (isOneLine(line) && PUBLIC_KEY.test(line)) keys.push(line);
    else complain("not a public key in one line", `[${index}]`);
  }
  return keys;
};
