import { defineLayer } from "@holdfast/contracts";

export default defineLayer({
  name: "development",
  why: "Without it development mode has no console: logins on the screen and the serial line, which start in that mode only.",
  packages: {
    "util-linux": "agetty",
    login: "what agetty hands over to; root has no password, and agetty's autologin needs none",
  },
  scripts: { "util-linux": "skip: see the state layer", login: "skip: no scripts that matter" },
});
