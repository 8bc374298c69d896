import type { ToolCommand } from "@holdfast/contracts";

/** A firmware image and the template of its variables: paths of raw flash files. */
export type FirmwarePair = { readonly code: string; readonly vars: string };

/** The firmware of each kind of virtual device. Secure boot needs a build that keeps its variables behind SMM. */
export type Firmware = {
  readonly amd64: FirmwarePair;
  readonly amd64SecureBoot: FirmwarePair;
  readonly arm64: FirmwarePair;
};

/** What the virtual machines need of the build machine. */
export type VmHost = {
  /** Absolute path; each VM has a directory of its own in it, snapshots are in `.snapshots`. */
  readonly home: string;
  /**
   * QEMU, qemu-img and ssh. The commands it makes share the machine's network, see `home`, images and firmware under
   * the same paths, and must not die with their parent: a VM outlives the command that started it.
   */
  readonly tools: ToolCommand;
  readonly firmware: Firmware;
};
