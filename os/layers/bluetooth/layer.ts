import { defineLayer } from "@holdfast/contracts";

export default defineLayer({
  name: "bluetooth",
  why: "Apps that speak Bluetooth do so through the host's daemon over D-Bus.",
  packages: { bluez: "Bluetooth daemon and bluetoothctl" },
  groups: ["bluetooth"],
  drop: [
    "usr/bin/bluemoon",
    "usr/bin/btmon",
    "usr/bin/hex2hcd",
    "usr/bin/mpris-proxy",
    "usr/bin/ciptool",
    "usr/bin/hciattach",
    "usr/bin/hcidump",
    "usr/bin/l2ping",
    "usr/bin/l2test",
    "usr/bin/rctest",
    "usr/bin/sdptool",
    "usr/bin/btmgmt",
    "usr/lib/systemd/user/**",
  ],
  without: { "libasound2-data": "no sound on the host" },
  units: { enable: ["bluetooth.service"] },
});
