import type { Mirror } from "@holdfast/image";
import { ESP, listOf, type MkosiFolders, type ProjectFiles, placesOf, sourcesOf } from "../mkosi/mkosi-folders.ts";

/** What somebody types who wants a container host, on the system that the installer leaves. */
const packages = [
  "linux-image-amd64",
  "systemd",
  "systemd-sysv",
  "systemd-timesyncd",
  "systemd-boot-efi",
  "udev",
  "dbus",
  "libpam-systemd",
  "cron",
  "logrotate",
  "iproute2",
  "kmod",
  "procps",
  "docker.io",
  "openssh-server",
];

export type DebianProject = {
  readonly folders: MkosiFolders;
  readonly mirror: Mirror;
  /** A line for root's authorized_keys. */
  readonly publicKey: string;
};

/**
 * A mkosi project of stock Debian trixie with docker.io and openssh-server, installed by the packages' own scripts with
 * what they recommend: ext4 root without verity, Debian's default units, mkosi's initrd with all of the kernel's modules,
 * systemd-boot and a unified kernel image, so that it boots the way our image does. Pure.
 */
export function debianProject({ folders, mirror, publicKey }: DebianProject): ProjectFiles {
  return new Map([
    [`${folders.project}/mkosi.conf`, configuration(folders, mirror)],
    [`${folders.project}/mkosi.repart/00-esp.conf`, ESP],
    [`${folders.project}/mkosi.repart/10-root.conf`, root],
    sourcesOf(folders, mirror),
    [`${folders.extra}/root/.ssh/authorized_keys`, `${publicKey.trim()}\n`],
    [`${folders.extra}/etc/systemd/network/80-dhcp.network`, "[Match]\nName=en*\n\n[Network]\nDHCP=yes\n"],
    [`${folders.extra}/etc/systemd/system-preset/00-bench.preset`, "enable systemd-networkd.service\n"],
  ]);
}

/** No questions on the console at the first boot; the consoles are those of our boards. */
const configuration = (folders: MkosiFolders, mirror: Mirror): string => `${placesOf(folders, mirror)}
[Content]
Bootable=yes
Bootloader=systemd-boot
WithRecommends=yes
ExtraTrees=${folders.extra}
Hostname=debian
Locale=C.UTF-8
Timezone=UTC
KernelCommandLine=systemd.firstboot=off console=tty0 console=ttyS0,115200
${listOf("Packages", packages)}
`;

const root = `[Partition]
Type=root
Format=ext4
CopyFiles=/
SizeMinBytes=4G
SizeMaxBytes=4G
`;
