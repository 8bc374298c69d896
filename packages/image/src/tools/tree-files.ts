import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { run } from "../process/run.ts";

/** What update-alternatives would have made: link -> target, below the tree. */
const links: Readonly<Record<string, string>> = {
  "usr/bin/awk": "mawk",
  "usr/sbin/iptables": "iptables-nft",
  "usr/sbin/iptables-save": "iptables-nft-save",
  "usr/sbin/iptables-restore": "iptables-nft-restore",
  "usr/sbin/ip6tables": "ip6tables-nft",
  "usr/sbin/ip6tables-save": "ip6tables-nft-save",
  "usr/sbin/ip6tables-restore": "ip6tables-nft-restore",
  "etc/mtab": "../proc/self/mounts",
};

/** Files of the build machine that programs in the tree see; here are the places that they are mounted on. */
export const hostFiles = ["/etc/passwd", "/etc/group", "/etc/hosts", "/etc/resolv.conf"] as const;

const files: Readonly<Record<string, string>> = {
  "etc/nsswitch.conf":
    "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n",
  "etc/machine-id": "",
};

/** Does in a freshly unpacked tree what its packages' maintainer scripts would have done, as far as a tool needs it. */
export async function addTreeFiles(root: string): Promise<void> {
  for (const [link, target] of Object.entries(links)) {
    await mkdir(path.dirname(path.join(root, link)), { recursive: true });
    await rm(path.join(root, link), { force: true });
    await symlink(target, path.join(root, link));
  }
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(root, name), text);
  for (const name of hostFiles) {
    await rm(path.join(root, name), { force: true });
    await writeFile(path.join(root, name), "");
  }
  await bundleCertificates(root);
  // arm64 firmware is padded with zeros to 64 MB a file.
  const firmware = path.join(root, "usr/share/AAVMF");
  for (const entry of await readdir(firmware, { withFileTypes: true }).catch(() => [])) {
    if (entry.isFile()) await run(["fallocate", "--dig-holes", path.join(firmware, entry.name)]);
  }
}

async function bundleCertificates(root: string): Promise<void> {
  const folder = path.join(root, "usr/share/ca-certificates/mozilla");
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".crt")).sort();
  if (names.length === 0) return;
  const texts = await Promise.all(names.map((name) => readFile(path.join(folder, name), "utf8")));
  await mkdir(path.join(root, "etc/ssl/certs"), { recursive: true });
  await writeFile(path.join(root, "etc/ssl/certs/ca-certificates.crt"), texts.join(""));
}
