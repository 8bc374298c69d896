import { defineLayer } from "@holdfast/contracts";

export default defineLayer({
  name: "splash",
  why: "A screen shows the owner's picture while the device boots.",
  packages: { plymouth: "boot splash" },
  without: { "xkb-data": "no keyboard layout is needed to show a picture" },
  drop: [
    "usr/share/plymouth/themes/details/**",
    "usr/share/plymouth/themes/text/**",
    "etc/plymouth/**",
    "usr/lib/*/plymouth/renderers/x11.so",
  ],
});
