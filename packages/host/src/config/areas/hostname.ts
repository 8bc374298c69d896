import type { RenderArea } from "../rendered-file.ts";

export const HOSTNAME_FILE = "/mnt/state/root-overlay/etc/hostname";
export const KERNEL_HOSTNAME = "/proc/sys/kernel/hostname";

/**
 * The device contract: the hostname, or the first seven characters of the uuid. A device without either has a fixed name.
 * The engine and the resolver ask the kernel each time, so they need not restart.
 */
export const renderHostname: RenderArea = ({ hostname, uuid }) => {
  const name = hostname ?? uuid?.slice(0, 7) ?? "holdfast";
  return [
    { path: HOSTNAME_FILE, mode: 0o644, content: `${name}\n`, place: "flash" },
    {
      path: KERNEL_HOSTNAME,
      mode: 0o644,
      content: name,
      place: "kernel",
      onChange: [{ action: "try-restart", unit: "avahi-daemon.service" }],
    },
  ];
};
