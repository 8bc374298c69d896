import { ROOT_CERTIFICATES } from "../config/areas/root-certificates.ts";
import { exists, type Machine } from "../machine/machine.ts";

/** Where every program looks for roots of trust: one bundle, and links by the hash of the subject. Read-only in the slot. */
const SYSTEM = "/etc/ssl/certs";
const BUNDLE = "ca-certificates.crt";
/** Bound over SYSTEM while there are private roots; a copy of it with them added. */
const OURS = "/run/holdfast/certificates";
const MOUNTS = "/proc/self/mountinfo";

const isMounted = (machine: Machine): boolean =>
  (machine.readText(MOUNTS) ?? "").split("\n").some((line) => line.split(" ")[4] === SYSTEM);

/** The slot's own directory, also while ours lies over it: seen from a mount namespace of its own. */
function copySystem(machine: Machine, to: string): void {
  const script = `umount --lazy ${SYSTEM} 2>/dev/null; exec cp -a ${SYSTEM}/. "$0"`;
  const { status } = machine.run(["unshare", "--mount", "sh", "-c", script, to]);
  if (status !== 0) throw new Error(`${SYSTEM} cannot be copied`);
}

/** Adds one certificate as update-ca-certificates does. @returns false when openssl does not take it. */
function addCertificate(machine: Machine, pem: string, folder: string, name: string): boolean {
  const { status, output } = machine.run(["openssl", "x509", "-noout", "-hash"], { input: pem, quiet: true });
  const hash = output.trim();
  if (status !== 0 || !/^[0-9a-f]{8}$/.test(hash)) return false;
  machine.writeText(`${folder}/${name}`, pem);
  let number = 0;
  while (exists(machine, `${folder}/${hash}.${number}`)) number += 1;
  machine.symlink(name, `${folder}/${hash}.${number}`);
  return true;
}

/**
 * Makes the private roots of config.json trusted, or those of before no longer. With a certificate that openssl does not
 * take, everything stays as it is.
 */
export function installCertificates(machine: Machine): number {
  const pems = machine.readText(ROOT_CERTIFICATES)?.match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----\n/g) ?? [];
  if (pems.length === 0) {
    if (!isMounted(machine)) return 0;
    machine.run(["umount", "--lazy", SYSTEM]);
    machine.run(["rm", "-rf", OURS]);
    machine.log("private root certificates are gone");
    return 0;
  }
  const fresh = `${OURS}.new`;
  machine.run(["rm", "-rf", fresh]);
  machine.makeDirectory(fresh);
  copySystem(machine, fresh);
  const bad = pems.findIndex((pem, index) => !addCertificate(machine, pem, fresh, `holdfast-private-${index}.pem`));
  if (bad >= 0) {
    machine.run(["rm", "-rf", fresh]);
    machine.log(`config.json: certificate ${bad + 1} of balenaRootCA is none that openssl takes: nothing was changed`);
    return 1;
  }
  machine.writeText(`${fresh}/${BUNDLE}`, (machine.readText(`${fresh}/${BUNDLE}`) ?? "") + pems.join(""));
  if (isMounted(machine)) machine.run(["umount", "--lazy", SYSTEM]);
  machine.run(["rm", "-rf", OURS]);
  machine.rename(fresh, OURS);
  const { status } = machine.run(["mount", "--bind", OURS, SYSTEM]);
  if (status === 0) machine.log(`${pems.length} private root certificate${pems.length === 1 ? "" : "s"} trusted`);
  return status;
}
