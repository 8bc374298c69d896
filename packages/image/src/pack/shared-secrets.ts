import type { ReadonlyTree } from "../tree/entry.ts";
import { sizeOf } from "../tree/entry.ts";
import { readContent } from "../tree/read-content.ts";

/** Files that must not be in an image at all: every device would share them. */
const FORBIDDEN: readonly RegExp[] = [
  /^etc\/ssh\/ssh_host_.*_key(\.pub)?$/,
  /(^|\/)random-seed$/,
  /^loader\/random-seed$/,
  /^var\/lib\/dbus\/machine-id$/,
  /(^|\/)(authorized_keys|id_(rsa|ecdsa|ed25519))$/,
  /^var\/lib\/NetworkManager\/secret_key$/,
  /^etc\/openvpn\/.*\.(key|pem)$/,
];
/** Files that may exist and must be empty, or say so. */
const EMPTY: readonly RegExp[] = [/^etc\/machine-id$/];
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/;
const KEY_FILE_MAX = 64 * 1024;

/**
 * Where a tree holds a random seed, a host key, a private key or a machine id, which all devices of the image would
 * share: absolute paths with the reason, sorted. An image is only made of trees for which this is empty.
 */
export async function sharedSecrets(tree: ReadonlyTree): Promise<string[]> {
  const found: string[] = [];
  for (const path of [...tree.keys()].sort()) {
    const entry = tree.get(path);
    if (entry?.type !== "file") continue;
    if (FORBIDDEN.some((pattern) => pattern.test(path))) found.push(`/${path}: must not be in an image`);
    else if (EMPTY.some((pattern) => pattern.test(path)) && sizeOf(entry.content) > 0)
      found.push(`/${path}: must be empty`);
    else if (/\.(key|pem)$/.test(path) && sizeOf(entry.content) <= KEY_FILE_MAX) {
      if (PRIVATE_KEY.test(new TextDecoder().decode(await readContent(entry.content))))
        found.push(`/${path}: holds a private key`);
    }
  }
  return found;
}
