import type { Target, TargetApp } from "../target/target.ts";
import { type ContainerSpec, containerSpec } from "./container-spec.ts";
import type { DeviceFacts } from "./device-facts.ts";
import { type NetworkSpec, networkSpecs, supervisorNetwork, type VolumeSpec, volumeSpecs } from "./network-spec.ts";

/** The target in the engine's terms: what the planner compares with what it sees. */
export type Desired = {
  readonly apps: readonly DesiredApp[];
  /** Networks of the device itself. */
  readonly networks: readonly NetworkSpec[];
};

export type DesiredApp = {
  readonly id: number;
  readonly uuid: string;
  readonly name: string;
  readonly commit: string;
  readonly services: readonly ContainerSpec[];
  readonly networks: readonly NetworkSpec[];
  readonly volumes: readonly VolumeSpec[];
};

/** Computed once per target, not once per plan: hashing a hundred services costs milliseconds. */
export function desiredFrom(target: Target, facts: DeviceFacts): Desired {
  return { apps: target.apps.map((app) => desiredApp(app, facts)), networks: [supervisorNetwork()] };
}

function desiredApp(app: TargetApp, facts: DeviceFacts): DesiredApp {
  return {
    id: app.id,
    uuid: app.uuid,
    name: app.name,
    commit: app.commit,
    services: app.services.map((service) => containerSpec(app, service, facts)),
    networks: app.commit === "" ? [] : networkSpecs(app),
    volumes: volumeSpecs(app),
  };
}
