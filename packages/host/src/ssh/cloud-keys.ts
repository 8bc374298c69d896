import { PUBLIC_KEY } from "../config/keys/public-keys.ts";
import type { Machine } from "../machine/machine.ts";
import { askServer, type ServerQuestion } from "../os-config/server/fetch-config.ts";
import { isCloudUser, readCloudLogin } from "./cloud-login.ts";

/** Somebody waits for a prompt, and a stranger may cause this: it is short and small. */
const question = (name: string): ServerQuestion => ({
  path: `/auth/v1/public-keys/${name}`,
  largestAnswer: 256 * 1024,
  connectSeconds: 5,
  totalSeconds: 10,
});

/** The smallest key, Ed25519, has 80 characters with its type. */
const SHORTEST_KEY = 80;

/** A key and nothing before it: options would let a server's user decide what sshd does. */
function isPlainKey(line: string): boolean {
  const match = PUBLIC_KEY.exec(line);
  return match?.index === 0 && match[0].length >= SHORTEST_KEY;
}

/**
 * sshd's AuthorizedKeysCommand: prints the public keys that the fleet server has of a user, one a line, and nothing when
 * there is no such server, user or answer.
 * @returns the exit status: 0, since "no keys" is no fault of sshd's
 */
export function cloudKeys(machine: Machine, name: string): number {
  const login = readCloudLogin(machine);
  if (login === undefined || !isCloudUser(machine, name)) return 0;
  const fetched = askServer(machine, login.endpoint, login.key, question(name));
  const lines = fetched.ok ? fetched.text.split("\n").map((line) => line.trim()) : [];
  for (const line of lines.filter(isPlainKey)) machine.log(line);
  return 0;
}
