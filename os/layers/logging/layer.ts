import { defineLayer } from "@holdfast/contracts";

export default defineLayer({
  name: "logging",
  why: "Logs stay within 8 MB of RAM, or 32 MB of the data partition, and those of the apps never push out the system's.",
  files: [{ path: "/usr/lib/systemd/coredump.conf.d/holdfast.conf", content: "[Coredump]\nStorage=none\n" }],
  // Debian's own sorts after ours and would forward each message to a syslog that is not there.
  drop: ["/usr/lib/systemd/journald.conf.d/syslog.conf"],
  initrd: {
    files: [
      {
        // It runs before the machine's id is known, so what it keeps is nobody's: never shortened again.
        path: "/usr/lib/systemd/journald.conf.d/holdfast.conf",
        content: "[Journal]\nStorage=volatile\nRuntimeMaxUse=1M\nForwardToSyslog=no\nAudit=no\n",
      },
    ],
  },
  units: {
    enable: ["holdfast-persistent-journal.service", "systemd-journald@apps.socket"],
    mask: ["systemd-journal-flush.service", "systemd-journald-audit.socket"],
  },
});
