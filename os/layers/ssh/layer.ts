import { defineLayer } from "@holdfast/contracts";

export default defineLayer({
  name: "ssh",
  why: "Without it nobody can log in: sshd on port 22222, a process for each connection, keys only in production.",
  packages: {
    "openssh-server": "sshd, started by its socket",
    "openssh-sftp-server": "scp and sftp",
    "openssh-client": "ssh from the device, and ssh-keygen for the host keys",
    "libnss-systemd": "asks by socket who a user of the fleet server is",
    "libpam-modules": "pam_permit and pam_succeed_if of development mode",
  },
  files: [{ path: "/etc/ssh/sshd_config", link: "sshd_config_readonly" }],
  users: [
    { name: "sshd", group: "nogroup", home: "/run/sshd", comment: "sshd before authentication" },
    { name: "sshd-authcommands", comment: "asks the fleet server for keys" },
  ],
  units: {
    enable: [
      "sshd.socket",
      "sshdgenkeys.service",
      "sshdgenkeys-rsa.service",
      "recover-sshd-socket.timer",
      "holdfast-cloud-users.socket",
    ],
  },
  drop: [
    "/usr/lib/systemd/system/ssh.service",
    "/usr/lib/systemd/system/ssh.socket",
    "/usr/lib/systemd/system/sshd@.service",
    "/usr/lib/systemd/system/sshd-keygen.service",
    "/usr/lib/systemd/system/rescue-ssh.target",
    "/usr/lib/systemd/user/ssh-agent.*",
    "/usr/lib/sysusers.d/openssh-server.conf",
    "/etc/init.d/ssh",
    "/etc/default/ssh",
    "/etc/sv/**",
    "/etc/ufw/**",
    "/etc/pam.d/sshd",
    "/usr/share/runit/**",
    "/usr/share/apport/**",
    "/usr/bin/ssh-agent",
    "/usr/bin/ssh-add",
    "/usr/bin/ssh-argv0",
    "/usr/bin/ssh-copy-id",
    "/usr/lib/openssh/agent-launch",
    "/usr/lib/openssh/ssh-pkcs11-helper",
    "/usr/lib/openssh/ssh-sk-helper",
    "/usr/lib/openssh/ssh-session-cleanup",
  ],
  scripts: {
    "openssh-server":
      "sshd_config and units are the layer's own; user sshd is in the ledger; host keys are made on the device",
    "openssh-client": "skip: mode and group of ssh-agent, which is left out",
    "openssh-sftp-server": "skip: no scripts",
    "libnss-systemd": "nsswitch.conf of the base layer names systemd",
    "libpam-modules": "skip: upgrades only",
  },
});
