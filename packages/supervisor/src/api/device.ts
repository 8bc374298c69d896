import type { LocalTargetState } from "@holdfast/contracts";
import type { ApplyStatus } from "../apply/apply-loop.ts";

/** What the routes of the device API ask of the supervisor. */
export type Device = {
  readonly version: string;
  readonly info: () => { readonly arch: string; readonly deviceType: string };
  readonly name: () => string;
  readonly isLocalMode: () => boolean;
  readonly isHealthy: () => boolean;
  readonly status: () => ApplyStatus;
  /** The target in force in the local form. */
  readonly localTarget: () => unknown;
  /** Brings a local target into force; `force` takes the users' update locks away first. */
  readonly setLocalTarget: (state: LocalTargetState, force: boolean) => Promise<void>;
};
