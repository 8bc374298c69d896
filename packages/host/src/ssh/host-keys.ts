import type { Machine } from "../machine/machine.ts";

const FOLDER = "/etc/ssh/hostkeys";
const KEY = `${FOLDER}/ssh_host_ed25519_key`;
const BEGIN = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END = "-----END OPENSSH PRIVATE KEY-----";
/** base64 of the format's magic, "openssh-key-v1". */
const MAGIC = "b3BlbnNzaC1rZXktdjE";

/** Whether a private key file is whole: an interrupted first boot may leave an empty or cut one. */
export function isWholeKey(text: string): boolean {
  const lines = text.trim().split("\n");
  const body = lines.slice(1, -1).join("");
  return lines[0] === BEGIN && lines.at(-1) === END && body.startsWith(MAGIC) && body.length >= 300;
}

/** Makes the host key on the first boot and when it is damaged; returns after it is on flash. */
export function ensureHostKeys(machine: Machine): number {
  if (isWholeKey(machine.readText(KEY) ?? "") && (machine.readText(`${KEY}.pub`) ?? "").startsWith("ssh-ed25519 "))
    return 0;
  const fresh = `${KEY}.new`;
  machine.remove(fresh);
  machine.remove(`${fresh}.pub`);
  const { status } = machine.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", fresh]);
  if (status !== 0) return status;
  machine.run(["sync", fresh, `${fresh}.pub`]);
  machine.rename(`${fresh}.pub`, `${KEY}.pub`);
  machine.rename(fresh, KEY);
  machine.run(["sync", FOLDER]);
  machine.log("made the ssh host key");
  return 0;
}
