import type { ComposeNetwork, ComposeService, ComposeVolumeDefinition, ErrorCode, WireApp } from "@holdfast/contracts";

/** What should be on the device: the one shape that everything behind the wire formats works with. */
export type Target = {
  readonly apps: readonly TargetApp[];
  /** Sentences for the log: what was ignored and why. */
  readonly warnings: readonly string[];
  /** Images that no service of the target needs and that stay: of releases that may have to come back. */
  readonly spareImages: readonly string[];
  /** What a held update will need: downloaded, not applied. */
  readonly prefetch: readonly Prefetch[];
};

export type Prefetch = { readonly appId: number; readonly service: string; readonly image: string };

/** A release that was asked for and is not run, and why. */
export type Rejection = { readonly commit: string; readonly code: ErrorCode; readonly reason: string };

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
  /** Tells this content of the release from any other, also under the same commit. */
  readonly fingerprint: string;
  /** The release as it came, to be kept for the day when it is the one to go back to. */
  readonly wire: WireApp["releases"];
  /** The release that the app should have, when this is the one it went back to. */
  readonly rejected?: Rejection;
  /** Nothing is known that could run: what is on the device is left as it is. */
  readonly isFrozen?: true;
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
