/** What a booted system says about itself; times in seconds since its kernel started. */
export type BootTimes = {
  readonly kernel: number;
  /** 0 without an initrd. */
  readonly initrd: number;
  /** From the start of the root's systemd until all of its jobs were done. */
  readonly userspace: number;
  /** When the container engine was ready. */
  readonly kernelToEngine: number;
};

export type MemoryUse = {
  /** MemTotal - MemAvailable, in bytes. */
  readonly used: number;
  /** Proportional set size of all processes of a service, in bytes; by name of the service. */
  readonly services: ReadonlyMap<string, number>;
};

/** One system: its first boot, which sets things up, and a later one. */
export type SystemFigures = {
  readonly firstBoot: BootTimes;
  readonly laterBoot: BootTimes;
  readonly memory: MemoryUse;
};

/** What no peer has the like of; times in seconds. */
export type OurSystem = SystemFigures & {
  /** From kernel start until the supervisor answered /ping. */
  readonly firstPing: number;
  readonly laterPing: number;
  /** Of the later boot: what each host program took of its critical path; or why nobody knows. */
  readonly hostPrograms: ReadonlyMap<string, number> | string;
};
