import { defineLayer } from "@holdfast/contracts";

export default defineLayer({
  name: "mdns",
  why: "The device answers to <hostname>.local and announces its ssh service.",
  packages: { "avahi-daemon": "mDNS responder", "libnss-mdns": "host name look-ups of .local" },
  users: [{ name: "avahi", comment: "Avahi mDNS daemon", home: "/run/avahi-daemon" }],
  files: [
    { path: "/etc/avahi/services/ssh.service", from: "ssh.service" },
    { path: "/etc/mdns.allow", content: ".local.\n.local\n" },
  ],
  drop: ["etc/network/**", "usr/share/avahi/**"],
  units: { enable: ["avahi-daemon.socket", "avahi-daemon.service"] },
});
