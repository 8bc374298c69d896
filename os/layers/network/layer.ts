import { defineLayer } from "@holdfast/contracts";

export default defineLayer({
  name: "network",
  why: "Wired, wireless and cellular links, brought up from keyfiles.",
  packages: {
    "network-manager": "brings links up from keyfiles and watches connectivity",
    modemmanager: "cellular modems behind NetworkManager",
    wpasupplicant: "Wi-Fi behind NetworkManager",
    iw: "regulatory domain of Wi-Fi",
    "wireless-regdb": "regulatory rules that the kernel loads",
    iptables: "firewall of engine, supervisor and proxy",
    "usb-modeswitch": "modems that pretend to be a CD until told otherwise",
    polkitd: "authorises NetworkManager's and ModemManager's D-Bus calls",
    netbase: "names of protocols and services",
  },
  alternatives: {
    "/usr/sbin/iptables": "/usr/sbin/iptables-nft",
    "/usr/sbin/iptables-save": "/usr/sbin/iptables-nft-save",
    "/usr/sbin/iptables-restore": "/usr/sbin/iptables-nft-restore",
    "/usr/sbin/ip6tables": "/usr/sbin/ip6tables-nft",
    "/usr/sbin/ip6tables-save": "/usr/sbin/ip6tables-nft-save",
    "/usr/sbin/ip6tables-restore": "/usr/sbin/ip6tables-nft-restore",
    "/usr/lib/firmware/regulatory.db": "/usr/lib/firmware/regulatory.db-debian",
    "/usr/lib/firmware/regulatory.db.p7s": "/usr/lib/firmware/regulatory.db.p7s-debian",
  },
  users: [{ name: "polkitd", comment: "User for polkitd" }],
  groups: ["netdev"],
  files: [
    { path: "/etc/NetworkManager/NetworkManager.conf", from: "NetworkManager.conf" },
    { path: "/etc/polkit-1/rules.d", directory: true, mode: "0750", group: "polkitd" },
    { path: "/usr/share/polkit-1/rules.d", directory: true, mode: "0750", group: "polkitd" },
  ],
  drop: [
    "usr/bin/nmtui*",
    "usr/bin/nm-online",
    "usr/lib/NetworkManager/conf.d/**",
    "etc/NetworkManager/dispatcher.d/**",
    "usr/share/dbus-1/interfaces/**",
    "usr/lib/*/NetworkManager/*/libnm-settings-plugin-ifupdown.so",
    "usr/lib/*/NetworkManager/*/libnm-device-plugin-team.so",
  ],
  without: {
    "libnewt0.52": "nmtui is left out",
    libslang2: "nmtui is left out",
    libteamdctl0: "the team plugin is left out",
  },
  units: {
    enable: [
      "NetworkManager.service",
      "ModemManager.service",
      "polkit.service",
      "holdfast-firewall.service",
      "holdfast-firewall.path",
    ],
    mask: ["NetworkManager-wait-online.service"],
  },
});
