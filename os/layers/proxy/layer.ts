import { defineLayer } from "@holdfast/contracts";

export default defineLayer({
  name: "proxy",
  why: "Devices behind a proxy reach the network through redsocks.",
  packages: { redsocks: "transparent TCP to proxy redirector" },
  users: [{ name: "redsocks", comment: "Transparent proxy" }],
  units: {
    enable: [
      "resin-redsocks.service",
      "balena-proxy-config.service",
      "holdfast-proxy.path",
      "holdfast-proxy-settle.timer",
    ],
  },
  drop: ["etc/redsocks.conf", "usr/lib/systemd/system/redsocks*"],
});
