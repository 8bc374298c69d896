import { defineLayer } from "@holdfast/contracts";

export default defineLayer({
  name: "dns",
  why: "One local resolver for host and containers that routes around a dead name server.",
  packages: {
    "dnsmasq-base": "caching forwarder on 127.0.0.2 and on the containers' bridge",
    openresolv: "collects name servers from NetworkManager on tmpfs",
  },
  users: [{ name: "dnsmasq", group: "nogroup", comment: "dnsmasq", home: "/var/lib/misc" }],
  files: [
    {
      path: "/etc/resolvconf.conf",
      content:
        "resolv_conf=/run/resolvconf/resolv.conf\ndnsmasq_resolv=/run/resolv.dnsmasq\nname_servers=127.0.0.2\nresolv_conf_options=timeout:15\n",
    },
    { path: "/etc/resolv.dnsmasq", link: "/run/resolv.dnsmasq" },
    {
      path: "/usr/lib/tmpfiles.d/holdfast-dns.conf",
      content: [
        "f /run/resolv.conf 0644 root root - nameserver 127.0.0.2\\noptions timeout:15\\n",
        // What openresolv knows before NetworkManager tells of a server, under NetworkManager's name. The contract's
        // folder is "interface"; Debian's openresolv calls it "interfaces".
        "d /run/resolvconf 0755 root root -",
        "d /run/resolvconf/interfaces 0755 root root -",
        "L /run/resolvconf/interface - - - - interfaces",
        "f /run/resolvconf/interfaces/NetworkManager 0644 root root - nameserver 8.8.8.8\\n",
        "f /run/resolv.dnsmasq 0644 root root - nameserver 8.8.8.8\\n",
        "f /run/dnsmasq.servers 0644 root root - server=8.8.8.8\\n",
        "d /etc/dnsmasq.d 0755 root root -",
        "d /run/dnsmasq 0755 dnsmasq nogroup -",
        "",
      ].join("\n"),
    },
    { path: "/etc/dnsmasq.d", directory: true },
  ],
  units: { enable: ["dnsmasq.service", "resin-dns.service"] },
  drop: ["usr/lib/resolvconf/**", "etc/resolvconf/**"],
  keep: ["usr/lib/resolvconf/dnsmasq", "usr/lib/resolvconf/libc"],
});
