import { defineLayer } from "@holdfast/contracts";

export default defineLayer({
  name: "os-config",
  why: "Joins the device to a fleet server and makes its services follow what that server says.",
  packages: {
    curl: "asks the server",
    openssl: "makes the device's key, and looks at certificates before they are trusted",
    "util-linux": "flock: one os-config at a time",
  },
  units: { enable: ["os-config-devicekey.service", "os-config.service", "os-config.timer"] },
  scripts: { "util-linux": "skip: see the state layer" },
});
