type Reason = string;

/**
 * What the supervisor's container may do and see; docs/security.md has the same tables, and a test compares them. All
 * other capabilities are dropped.
 */
export const CAPABILITIES: Readonly<Record<string, Reason>> = {
  CHOWN: "an update lock that it takes belongs to user 65534, as apps expect it",
  DAC_OVERRIDE: "update locks and the files beside them are the apps', with modes that apps choose",
  FOWNER: "the mode of a lock directory is set right, also where an app owns it",
  SYS_CHROOT: "it reads the journal with the host's own journalctl, and has the disk flushed by the host's sync",
  NET_BIND_SERVICE: "`listenPort` of config.json may be below 1024",
};

/**
 * The group that may write to blocks that the data partition holds back, beside the engine; mnt-data.mount names it. No
 * image has such a number: theirs are below 65536.
 */
export const RESERVE_GROUP = 2_000_000_000;

export type Mount = {
  /** On the host. */
  readonly source: string;
  readonly target: string;
  readonly options?: string;
  readonly why: Reason;
};

export const MOUNTS: readonly Mount[] = [
  {
    source: "/run/balena-engine.sock",
    target: "/var/run/balena-engine.sock",
    why: "the engine; kept by systemd, so the file outlives the engine",
  },
  { source: "/mnt/boot", target: "/mnt/boot", why: "config.json, which it changes, and what is set beside it" },
  {
    source: "/mnt/data",
    target: "/mnt/data",
    options: "rslave",
    why: "the preloaded target, the record of its own updates, free space",
  },
  { source: "/mnt/state", target: "/mnt/state", why: "wishes to the host, marks of an update of the OS" },
  {
    source: "/tmp/balena-supervisor",
    target: "/tmp/balena-supervisor",
    why: "update locks and what else it shares with apps and the host",
  },
  { source: "/run/dbus", target: "/run/dbus", why: "reboot, shutdown and services by systemd's D-Bus" },
  {
    source: "/",
    target: "/mnt/root",
    options: "ro,rslave",
    why: "release, certificates, state of the tunnel, journalctl",
  },
  { source: "/mnt/data/resin-data/balena-supervisor", target: "/data", why: "its own store" },
];

/**
 * The engine's own list hides /sys/firmware too, where the serial number of boards with a device tree is. The rest
 * stays hidden.
 */
const MASKED_PATHS = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
];

/** The part of the engine's HostConfig that confines the container; its seccomp filter is the engine's own. */
export function confinement(): Readonly<Record<string, unknown>> {
  return {
    Binds: MOUNTS.map(({ source, target, options }) => [source, target, ...(options ? [options] : [])].join(":")),
    CapDrop: ["ALL"],
    CapAdd: Object.keys(CAPABILITIES),
    GroupAdd: [String(RESERVE_GROUP)],
    SecurityOpt: ["no-new-privileges"],
    ReadonlyRootfs: true,
    Tmpfs: { "/tmp": "size=16m,mode=1777,nosuid,nodev,noexec" },
    MaskedPaths: MASKED_PATHS,
  };
}
