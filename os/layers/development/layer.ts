import { defineLayer } from "@holdfast/contracts";

export default defineLayer({
  name: "development",
  why: "Consoles for devices in development mode; config.json switches them, the slot is the same.",
  units: { enable: ["getty@tty1.service"] },
  files: [
    {
      path: "/usr/lib/systemd/system/getty@.service.d/holdfast.conf",
      content: "[Unit]\nConditionPathExists=/run/holdfast/development\n",
    },
    {
      path: "/usr/lib/systemd/system/serial-getty@.service.d/holdfast.conf",
      content: "[Unit]\nConditionPathExists=/run/holdfast/development\n",
    },
  ],
});
