import type { HostConfig } from "./keys/config-keys.ts";

/** Something to do when a rendered file changes on a running device. */
export type Action =
  /** `restart` also starts a unit that does not run; `try-restart` and `reload` leave it alone. */
  | { readonly action: "start" | "stop" | "restart" | "try-restart" | "reload"; readonly unit: string }
  | { readonly action: "run"; readonly command: readonly [string, ...string[]] };

/** A file that the host derives from config.json, and what has to happen when its content changes on a running device. */
export type RenderedFile = {
  readonly path: string;
  readonly mode: number;
  /** Undefined: the file must not exist. */
  readonly content: string | undefined;
  /**
   * Where it lies. `flash`: written durably. `memory`: gone after a reboot. `kernel`: a setting in /proc or /sys, which
   * is there always; compared without the line's end.
   */
  readonly place: "flash" | "memory" | "kernel";
  /** Defaults to live. `boot`: while the device runs, the file stays as the boot made it. */
  readonly when?: "live" | "boot";
  readonly onChange?: readonly Action[];
  /** Done at each boot for what nothing else starts. Units that are enabled start after the files are there anyway. */
  readonly atBoot?: readonly Action[];
};

/** A directory that belongs to config.json: files of that suffix that are not rendered are removed. */
export type OwnedFolder = {
  readonly folder: string;
  readonly suffix: string;
  readonly keep: readonly string[];
  readonly onChange?: readonly Action[];
};

/** What the device is, as far as files depend on it. */
export type HostFacts = {
  /** Consoles of the kernel, e.g. ["tty0", "ttyS0"]. */
  readonly consoles: readonly string[];
  /** Whether serial lines are for logging in; on some boards they are wired to something else. */
  readonly hasSerialLogin: boolean;
  /** Whether the kernel's wireless core is loaded. */
  readonly hasWireless: boolean;
};

/** One area of the host: pure, from configuration and facts to files. */
export type RenderArea = (config: HostConfig, facts: HostFacts) => readonly (RenderedFile | OwnedFolder)[];
