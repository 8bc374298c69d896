import type { Endpoint } from "../spec/container-body.ts";
import type { ContainerSpec } from "../spec/container-spec.ts";
import type { NetworkSpec, VolumeSpec } from "../spec/network-spec.ts";

/**
 * One effect on the engine. Steps of one plan are independent of each other: each may be done, or fail, alone. Two
 * steps with the same key (see `stepKey`) never run at the same time.
 */
export type Step =
  | { readonly do: "create-network"; readonly network: NetworkSpec }
  | { readonly do: "remove-network"; readonly id: string; readonly name: string }
  | { readonly do: "create-volume"; readonly volume: VolumeSpec }
  | { readonly do: "remove-volume"; readonly name: string }
  | { readonly do: "pull-image"; readonly image: string; readonly service: string }
  | { readonly do: "remove-image"; readonly image: string }
  | {
      readonly do: "create-container";
      readonly spec: ContainerSpec;
      /** Id of the container whose network namespace is shared. */
      readonly networkOf?: string;
    }
  | {
      readonly do: "connect-network";
      readonly of: ServiceRef;
      readonly id: string;
      readonly network: string;
      readonly endpoint: Endpoint;
    }
  | {
      readonly do: "start-container";
      readonly of: ServiceRef;
      readonly id: string;
      /** Containers that hand over to this one: when they end from now on, the engine does not start them again. */
      readonly yielding?: readonly string[];
    }
  | {
      readonly do: "restart-container";
      readonly of: ServiceRef;
      readonly id: string;
      readonly sharing: readonly string[];
      /** It is restarted because its healthcheck fails, not because somebody asked. */
      readonly isUnhealthy?: boolean;
    }
  | {
      readonly do: "stop-container" | "remove-container";
      readonly of: ServiceRef;
      readonly id: string;
      /** The container that stays in a hand-over: it may have been about to yield, and gets its policy back first. */
      readonly survivor?: { readonly id: string; readonly restart: string };
    }
  | { readonly do: "rename-container"; readonly of: ServiceRef; readonly id: string; readonly name: string };

/** Which service a container belongs to, and the image it runs, for logs and reports. */
export type ServiceRef = { readonly appId: number; readonly service: string; readonly image: string };

/** The plan could go on here, but for something that has to happen first. */
export type Wait = {
  readonly appId: number;
  readonly service: string;
  readonly reason: string;
  /** Nothing but a reboot ends this wait. */
  readonly needsReboot?: true;
};

export type Plan = {
  readonly steps: readonly Step[];
  readonly waits: readonly Wait[];
  /** Look again after this many milliseconds, though nothing may have happened. */
  readonly recheckAfterMs?: number;
};

/** What a step works on. The loop runs one step per key at a time and backs off per key. */
export function stepKey(step: Step): string {
  switch (step.do) {
    case "create-network":
      return `network ${step.network.name}`;
    case "remove-network":
      return `network ${step.name}`;
    case "create-volume":
      return `volume ${step.volume.name}`;
    case "remove-volume":
      return `volume ${step.name}`;
    case "pull-image":
    case "remove-image":
      return `image ${step.image}`;
    case "create-container":
      return `service ${step.spec.appId}/${step.spec.service}`;
    case "connect-network":
    case "start-container":
    case "restart-container":
    case "stop-container":
    case "remove-container":
    case "rename-container":
      return `service ${step.of.appId}/${step.of.service}`;
  }
}
