import path from "node:path";
import { cacheDirectory } from "@holdfast/cli";
import { type SecureBootKeys, stage } from "@holdfast/image";
import type { VmHost } from "@holdfast/vm";
import type { BootLab } from "./boot-lab.ts";

/** Owner of the enrolled certificates; any GUID does. */
const OWNER = "6e4c1f0a-7c0b-4a51-9d0b-3f1b8a2c5d10";

/** A key of this machine's tests, and firmware variables that trust its certificate and nothing else. */
export type EnrolledKeys = { readonly keys: SecureBootKeys; readonly vars: string };

/**
 * Makes a key and enrols it as PK, KEK and db. Kept in the cache, since every new certificate means another image; it
 * signs nothing but what these tests boot.
 */
export async function enrolledKeys({ host, tools }: Pick<BootLab, "host" | "tools">): Promise<EnrolledKeys> {
  const from: VmHost["firmware"]["amd64SecureBoot"] = host.firmware.amd64SecureBoot;
  const inputs = { format: 1, firmware: from.vars };
  const folder = await stage({ cache: cacheDirectory, name: "e2e-secure-boot", inputs }, async (out) => {
    const [key, certificate] = [path.join(out, "db.key"), path.join(out, "db.pem")];
    await tools.run([
      ...(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "3650"] as const),
      ...["-subj", "/CN=Holdfast end-to-end test", "-keyout", key, "-out", certificate],
    ]);
    await tools.run([
      ...(["virt-fw-vars", "--input", from.vars, "--output", path.join(out, "vars.fd"), "--secure-boot"] as const),
      ...["--set-pk", OWNER, certificate, "--add-kek", OWNER, certificate, "--add-db", OWNER, certificate],
    ]);
  });
  const file = (name: string): string => path.join(folder, name);
  return { keys: { key: file("db.key"), certificate: file("db.pem") }, vars: file("vars.fd") };
}
