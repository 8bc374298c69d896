import { slimExcludes, slimIncludes } from "./base-packages.ts";

const SECONDS_PER_DAY = 86_400;

/** passwd, group and their shadows, as base-passwd's master files and `shadowconfig on` give them. Pure. */
export function accountFiles(passwdMaster: string, groupMaster: string, epoch: number): Record<string, string> {
  const lastChanged = Math.floor(epoch / SECONDS_PER_DAY);
  const names = (text: string) => text.split("\n").flatMap((line) => (line === "" ? [] : [line.split(":")[0] ?? ""]));
  const shadowed = (text: string) => text.replaceAll(/^([^:\n]+):\*:/gm, "$1:x:");
  const lines = (items: readonly string[]) => items.map((item) => `${item}\n`).join("");
  return {
    "etc/passwd": shadowed(passwdMaster),
    "etc/group": shadowed(groupMaster),
    "etc/shadow": lines(names(passwdMaster).map((name) => `${name}:*:${lastChanged}:0:99999:7:::`)),
    "etc/gshadow": lines(names(groupMaster).map((name) => `${name}:*::`)),
  };
}

/** What pam-auth-update puts into the templates when only the "unix" profile is there. */
const pamBlocks: Readonly<Record<string, string>> = {
  $account_primary: "account\t[success=1 new_authtok_reqd=done default=ignore]\tpam_unix.so ",
  $auth_primary: "auth\t[success=1 default=ignore]\tpam_unix.so nullok",
  $password_primary: "password\t[success=1 default=ignore]\tpam_unix.so obscure yescrypt",
  $session_primary: "session\t[default=1]\t\t\tpam_permit.so",
  $session_additional: "session\trequired\tpam_unix.so ",
  $session_nonint_primary: "session\t[default=1]\t\t\tpam_permit.so",
  $session_nonint_additional: "session\trequired\tpam_unix.so ",
};

/** One of libpam-runtime's common-* files from its template. Pure. */
export function fillPamTemplate(template: string): string {
  return template.replaceAll(/^(\$\w+)\n/gm, (_line, name: string) => (pamBlocks[name] ? `${pamBlocks[name]}\n` : ""));
}

export type Alternative = {
  readonly name: string;
  readonly link: string;
  readonly target: string;
  readonly priority: number;
  readonly slaves?: readonly { readonly name: string; readonly link: string; readonly target: string }[];
};

/** Alternatives that the essential packages' scripts register; manual pages are not in a slim image. */
export const alternatives: readonly Alternative[] = [
  {
    name: "awk",
    link: "/usr/bin/awk",
    target: "/usr/bin/mawk",
    priority: 5,
    slaves: [{ name: "nawk", link: "/usr/bin/nawk", target: "/usr/bin/mawk" }],
  },
  { name: "pager", link: "/usr/bin/pager", target: "/bin/more", priority: 50 },
  { name: "rmt", link: "/usr/sbin/rmt", target: "/usr/sbin/rmt-tar", priority: 50 },
  { name: "which", link: "/usr/bin/which", target: "/usr/bin/which.debianutils", priority: 0 },
];

/** The record that update-alternatives keeps (format: its source, `alternative_load`). Pure. */
export function alternativeRecord({ link, target, priority, slaves = [] }: Alternative): string {
  const names = slaves.flatMap((slave) => [slave.name, slave.link]);
  const choice = [target, String(priority), ...slaves.map((slave) => slave.target)];
  return ["auto", link, ...names, "", ...choice, "", ""].join("\n");
}

const debianSources = `Types: deb
URIs: http://deb.debian.org/debian
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp

Types: deb
URIs: http://deb.debian.org/debian-security
Suites: trixie-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.pgp
`;

const cleanUp =
  '"rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true";';

/** Configuration that Debian's own container images carry: apt leaves no caches, dpkg skips fsync and documentation. */
export const containerFiles: Readonly<Record<string, string>> = {
  "etc/apt/sources.list.d/debian.sources": debianSources,
  "etc/apt/apt.conf.d/docker-autoremove-suggests": 'Apt::AutoRemove::SuggestsImportant "false";\n',
  "etc/apt/apt.conf.d/docker-clean": `DPkg::Post-Invoke { ${cleanUp} };
APT::Update::Post-Invoke { ${cleanUp} };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
`,
  "etc/apt/apt.conf.d/docker-gzip-indexes": 'Acquire::GzipIndexes "true";\n',
  "etc/apt/apt.conf.d/docker-no-languages": 'Acquire::Languages "none";\n',
  "etc/dpkg/dpkg.cfg.d/docker-apt-speedup": "force-unsafe-io\n",
  "etc/dpkg/dpkg.cfg.d/docker": `${[
    ...slimExcludes.map((pattern) => `path-exclude ${pattern}`),
    ...slimIncludes.map((pattern) => `path-include ${pattern}`),
  ].join("\n")}\n`,
  "etc/hostname": "debian\n",
  "etc/resolv.conf": "",
  "etc/shells": `${[
    "# /etc/shells: valid login shells",
    "/bin/sh",
    "/usr/bin/sh",
    "/bin/bash",
    "/usr/bin/bash",
    "/bin/dash",
    "/usr/bin/dash",
  ].join("\n")}\n`,
  "etc/subuid": "",
  "etc/subgid": "",
  "etc/fstab": "# UNCONFIGURED FSTAB FOR BASE SYSTEM\n",
  "etc/environment": "",
  "etc/timezone": "Etc/UTC\n",
};
