import type { ApplyStatus } from "../apply/apply-loop.ts";
import type { DeviceConfig } from "../device-config/device-config.ts";
import type { SelfStatus } from "../self/self-standing.ts";
import type { StoredTarget } from "../sources/target-store.ts";
import type { DeviceFacts } from "../spec/device-facts.ts";
import type { Registered } from "./registration/registration.ts";
import type { Poke } from "./target/cloud-target.ts";
import type { FleetTarget } from "./target/read-target-answer.ts";

/** What the fleet's side asks of the rest of the supervisor. */
export type SupervisorCore = {
  readonly facts: () => DeviceFacts;
  readonly isDevelopment: () => boolean;
  readonly isLocalMode: () => boolean;
  /** The key of the device API that opens everything. */
  readonly globalKey: () => string;
  readonly status: () => ApplyStatus;
  /** What the fleet wants, or the preload while the fleet has not been heard. */
  readonly fleetTarget: () => StoredTarget | undefined;
  /** The device has another identity, or a key that its containers do not know yet. */
  readonly identify: (device: Registered) => Promise<void>;
  /** @throws HoldfastError `supervisor.invalid-target` */
  readonly takeTarget: (target: FleetTarget) => Promise<void>;
  readonly obey: (poke: Poke) => Promise<void>;
  /** The device configuration has changed; returns when the host knows. */
  readonly configChanged: () => Promise<void>;
};

/** The same for what talks to the server, with what the fleet's side knows itself. */
export type CloudDevice = Omit<SupervisorCore, "configChanged" | "isDevelopment"> & {
  readonly version: string;
  readonly selfStatus: () => SelfStatus | undefined;
  readonly osVariant: () => "dev" | "prod";
  readonly config: () => DeviceConfig;
  /** The server has been told what the device came with. */
  readonly introduced: () => Promise<void>;
};
