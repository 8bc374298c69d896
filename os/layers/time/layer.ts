import { defineLayer } from "@holdfast/contracts";

export default defineLayer({
  name: "time",
  why: "Keeps the clock right: NTP, the web's time where NTP is blocked, and a clock that never goes back across a reboot.",
  packages: { chrony: "NTP client that copes with bad clocks and long offline times" },
  users: [{ name: "_chrony", comment: "Chrony daemon", home: "/var/lib/chrony" }],
  files: [
    { path: "/etc/chrony/chrony.conf", from: "chrony.conf" },
    { path: "/etc/chrony/chrony.keys", content: "", mode: "0640", group: "_chrony" },
    { path: "/usr/lib/tmpfiles.d/holdfast-time.conf", content: "d /run/chrony 0750 _chrony _chrony -\n" },
  ],
  drop: ["usr/share/chrony/**", "etc/ppp/ip-*.d/chrony", "etc/dhcp/**", "usr/lib/NetworkManager/dispatcher.d/*chrony*"],
  units: {
    enable: [
      "chrony.service",
      "chrony-watch.timer",
      "fake-hwclock.service",
      "fake-hwclock-update.timer",
      "timesync-https.service",
    ],
    mask: ["systemd-timesyncd.service", "chrony-wait.service", "chrony-dnssrv@.timer"],
  },
});
