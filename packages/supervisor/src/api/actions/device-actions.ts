import type { ApplyStatus } from "../../apply/apply-loop.ts";
import type { Intent } from "../../intent/intent.ts";

type Forceable = { readonly force: boolean };

/** What the routes that change something ask of the supervisor. */
export type DeviceActions = {
  readonly status: () => ApplyStatus;
  /** Returns when it is carried out. @throws `supervisor.updates-locked`, `supervisor.action-failed` */
  readonly carryOut: (intent: Intent, options: Forceable) => Promise<void>;
  /** Returns when it is certain to happen, a second later. @throws `supervisor.updates-locked` */
  readonly reboot: (options: Forceable) => Promise<void>;
  readonly shutdown: (options: Forceable) => Promise<void>;
  /** Fetches and applies the target; false when the fleet wants that at its own pace only. */
  readonly update: (options: Forceable & { readonly cancel: boolean }) => boolean;
  /** Replaces the key of a request, or the global one; returns the new one. */
  readonly replaceKey: (key: string | undefined) => Promise<string>;
  /** `NAME=value` of a container. */
  readonly environmentOf: (containerId: string) => Promise<readonly string[]>;
  readonly removeVolume: (name: string) => Promise<void>;
};
