import { readFileSync } from "node:fs";
import { defineLayer } from "@holdfast/contracts";

/** A directory of the device contract that persists on resin-state. */
const kept = (path: string, mode = "0755") => ({ path, mode });

export default defineLayer({
  name: "state",
  why: "Without it nothing survives a reboot: partitions are mounted, grown and repaired, and persistent paths bound here.",
  packages: {
    quickjs: "runs the host programs: 1 MB where Node costs 110",
    e2fsprogs: "e2fsck before every mount, resize2fs on the first boot, tune2fs for unique UUIDs",
    dosfstools: "fsck.fat for a person who repairs a boot partition by hand; nothing runs it by itself",
    mount: "mount and umount",
    "util-linux": "partx tells the kernel of the grown data partition; agetty, findmnt, lsblk",
    "cryptsetup-bin": "veritysetup opens the slot in the initrd",
  },
  files: [{ path: "/etc/hostname", link: "../mnt/state/root-overlay/etc/hostname" }],
  units: {
    enable: [
      "var.mount",
      "mnt-boot.mount",
      "mnt-data.mount",
      "resin\\x2ddata.mount",
      "mnt-sysroot-active.mount",
      "holdfast-state.service",
      "holdfast-prepare-disk.service",
      "holdfast-prepare-data.service",
      "holdfast-render-config.service",
      "config-json.path",
    ],
  },
  modules: [
    "ext4",
    "vfat",
    "nls_cp437",
    "nls_ascii",
    "nls_iso8859_1",
    "nls_utf8",
    "dm_mod",
    "dm_verity",
    "erofs",
    "efivarfs",
  ],
  drop: [
    "/etc/e2scrub.conf",
    "/etc/cron.d/e2scrub_all",
    "/usr/lib/e2fsprogs/e2scrub*",
    "/usr/sbin/e2scrub*",
    "/usr/bin/qjsc",
    "/usr/lib/quickjs/**",
    "/usr/include/quickjs/**",
  ],
  state: [
    kept("/etc/NetworkManager/conf.d"),
    kept("/etc/NetworkManager/dispatcher.d"),
    kept("/etc/NetworkManager/system-connections", "0700"),
    kept("/etc/balena-supervisor"),
    kept("/etc/docker"),
    kept("/etc/fake-hwclock"),
    kept("/etc/openvpn"),
    kept("/etc/ssh/hostkeys", "0700"),
    kept("/etc/udev/rules.d"),
    kept("/root/.docker", "0700"),
    kept("/root/.ssh", "0700"),
    kept("/usr/share/ca-certificates/balena"),
    kept("/var/lib/NetworkManager", "0700"),
    kept("/var/lib/bluetooth", "0700"),
    { path: "/var/lib/chrony", mode: "0750", owner: "_chrony", group: "_chrony" },
    kept("/var/lib/systemd"),
  ],
  initrd: {
    modules: ["dm_mod", "dm_verity", "erofs", "ext4", "efivarfs", "vfat", "nls_cp437", "nls_ascii", "nls_utf8"],
    paths: [
      "/usr/bin/qjs",
      "/usr/bin/mount",
      "/usr/bin/umount",
      "/usr/bin/rm",
      "/usr/bin/sync",
      "/usr/bin/systemctl",
      "/usr/sbin/e2fsck",
      "/usr/sbin/veritysetup",
    ],
    files: [
      {
        path: "/usr/lib/systemd/system/holdfast-find-root.service",
        content: readFileSync(new URL("./initrd/holdfast-find-root.service", import.meta.url), "utf8"),
      },
    ],
    wants: { "initrd-root-fs.target": ["holdfast-find-root.service"] },
  },
  scripts: {
    e2fsprogs: "skip: its scripts start e2scrub's timers, which are masked and left out",
    dosfstools: "skip: no scripts beyond documentation",
    "util-linux": "skip: alternatives of pagers that the image does not have, and fstrim's timer, which is not enabled",
    mount: "skip: no scripts that matter without an upgrade",
  },
});
