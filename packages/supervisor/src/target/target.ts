import type { ComposeNetwork, ComposeService, ComposeVolumeDefinition } from "@holdfast/contracts";

/** What should be on the device: the one shape that everything behind the wire formats works with. */
export type Target = {
  readonly apps: readonly TargetApp[];
  /** Sentences for the log: what was ignored and why. */
  readonly warnings: readonly string[];
};

export type TargetApp = {
  readonly id: number;
  readonly uuid: string;
  readonly name: string;
  /** Of the one release that counts; apps without a release have neither services, networks nor volumes. */
  readonly commit: string;
  readonly releaseId: number;
  readonly services: readonly TargetService[];
  readonly networks: Readonly<Record<string, ComposeNetwork>>;
  readonly volumes: Readonly<Record<string, ComposeVolumeDefinition>>;
};

export type TargetService = {
  readonly name: string;
  readonly id: number;
  /** The fleet's number for the image; not the engine's id. */
  readonly imageId: number;
  readonly image: string;
  readonly running: boolean;
  readonly environment: Readonly<Record<string, string>>;
  /** With `io.resin.*` already rewritten. */
  readonly labels: Readonly<Record<string, string>>;
  readonly compose: ComposeService;
};
