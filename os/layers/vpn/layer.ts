import { defineLayer } from "@holdfast/contracts";

export default defineLayer({
  name: "vpn",
  why: "The fleet server reaches the device through this tunnel.",
  packages: { openvpn: "VPN client" },
  users: [{ name: "openvpn", comment: "OpenVPN client" }],
  drop: [
    "etc/network/**",
    "usr/lib/systemd/system-generators/openvpn-generator",
    "usr/lib/systemd/system/openvpn*",
    "etc/openvpn/update-resolv-conf",
    "usr/share/openvpn/**",
  ],
  units: { enable: ["openvpn.service", "holdfast-vpn-switch.path"] },
});
