import { defineLayer } from "@holdfast/contracts";

export default defineLayer({
  name: "production",
  why: "Kernel and system settings that hold on every device, development mode or not.",
  files: [
    {
      path: "/usr/lib/sysctl.d/60-holdfast.conf",
      content:
        "fs.inotify.max_user_instances = 512\nnet.ipv4.ip_local_port_range = 49152 65535\nvm.overcommit_memory = 1\nnet.ipv4.conf.all.rp_filter = 2\nnet.ipv4.conf.default.rp_filter = 2\nkernel.printk = 4 4 1 7\n-kernel.unprivileged_userns_clone = 0\n",
    },
    {
      path: "/usr/lib/systemd/system.conf.d/holdfast.conf",
      content: "[Manager]\nLogLevel=notice\nShowStatus=auto\nDefaultTimeoutStopSec=30s\nCrashAction=reboot\n",
    },
  ],
});
