import { exists, type Machine } from "../machine/machine.ts";
import { isPublicLineOf, kindOfBlob, publicBlobOf } from "./private-key.ts";

const FOLDER = "/etc/ssh/hostkeys";

export type KeyType = "ed25519" | "ecdsa" | "rsa";

const kinds: Readonly<Record<KeyType, string>> = {
  ed25519: "ssh-ed25519",
  ecdsa: "ecdsa-sha2-nistp256",
  rsa: "ssh-rsa",
};
const generation: Readonly<Record<KeyType, readonly string[]>> = {
  ed25519: ["-t", "ed25519"],
  ecdsa: ["-t", "ecdsa", "-b", "256"],
  rsa: ["-t", "rsa", "-b", "3072"],
};

export const hostKeyFile = (type: KeyType): string => `${FOLDER}/ssh_host_${type}_key`;

function isWhole(machine: Machine, type: KeyType): boolean {
  const file = hostKeyFile(type);
  const blob = publicBlobOf(machine.readText(file) ?? "");
  return (
    blob !== undefined &&
    kindOfBlob(blob) === kinds[type] &&
    isPublicLineOf(machine.readText(`${file}.pub`) ?? "", blob)
  );
}

function make(machine: Machine, type: KeyType): number {
  const file = hostKeyFile(type);
  const fresh = `${file}.new`;
  machine.remove(fresh);
  machine.remove(`${fresh}.pub`);
  const { status } = machine.run(["ssh-keygen", "-q", ...generation[type], "-N", "", "-C", "", "-f", fresh]);
  if (status !== 0) return status;
  machine.run(["sync", fresh, `${fresh}.pub`]);
  machine.rename(`${fresh}.pub`, `${file}.pub`);
  machine.rename(fresh, file);
  machine.run(["sync", FOLDER]);
  machine.log(`made the ${type} host key of ssh`);
  return 0;
}

/**
 * Makes host keys of these types on the first boot and when they are damaged; returns after they are on flash. One that
 * cannot be made does not keep the others away.
 */
export function ensureHostKeys(machine: Machine, types: readonly KeyType[]): number {
  const statuses = types.map((type) => (isWhole(machine, type) ? 0 : make(machine, type)));
  return statuses.find((status) => status !== 0) ?? 0;
}

/**
 * Before the first connection: the keys that are made at once, while a damaged RSA key is only put out of sshd's way. To
 * make one takes up to a minute on a small device, which must not keep anybody out.
 */
export function ensureQuickHostKeys(machine: Machine): number {
  const rsa = hostKeyFile("rsa");
  if (exists(machine, rsa) && !isWhole(machine, "rsa")) {
    machine.log("the rsa host key of ssh is damaged");
    machine.remove(rsa);
  }
  return ensureHostKeys(machine, ["ed25519", "ecdsa"]);
}
