import { defineLayer } from "@holdfast/contracts";

export default defineLayer({
  name: "mdns",
  why: "The device answers to <hostname>.local and announces its ssh service, where its owner wants that.",
  packages: {
    "avahi-daemon": "mDNS responder",
    "avahi-utils":
      "avahi-publish: the second name of a development device; avahi-resolve for a person who looks for a fault",
    "libnss-mdns": "host name look-ups of .local",
  },
  without: { libgdbm6t64: "avahi-browse's names of service types; it is left out" },
  users: [{ name: "avahi", comment: "Avahi mDNS daemon", home: "/run/avahi-daemon" }],
  files: [
    { path: "/etc/avahi/services/ssh.service", from: "ssh.service" },
    { path: "/etc/mdns.allow", content: ".local.\n.local\n" },
  ],
  drop: [
    "etc/network/**",
    "etc/avahi/avahi-daemon.conf",
    "etc/avahi/hosts",
    "usr/share/avahi/**",
    "usr/bin/avahi-browse*",
    "usr/bin/avahi-set-host-name",
  ],
  // holdfast-discovery.service starts avahi-daemon, or does not.
  units: { enable: ["holdfast-discovery.service", "holdfast-discovery.path"] },
  scripts: { "avahi-utils": "skip: no scripts that matter" },
});
