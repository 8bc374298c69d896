import type { Rejection, Target, TargetApp } from "../target/target.ts";
import { type ContainerSpec, containerSpec } from "./container-spec.ts";
import type { DeviceFacts } from "./device-facts.ts";
import { type HealthWindow, healthWindow } from "./health-window.ts";
import { type NetworkSpec, networkSpecs, supervisorNetwork, type VolumeSpec, volumeSpecs } from "./network-spec.ts";

/** The target in the engine's terms: what the planner compares with what it sees. */
export type Desired = {
  readonly apps: readonly DesiredApp[];
  /** Networks of the device itself. */
  readonly networks: readonly NetworkSpec[];
  readonly spareImages: Target["spareImages"];
  readonly prefetch: Target["prefetch"];
};

export type DesiredApp = {
  readonly id: number;
  readonly uuid: string;
  readonly name: string;
  readonly commit: string;
  readonly services: readonly ContainerSpec[];
  readonly networks: readonly NetworkSpec[];
  readonly volumes: readonly VolumeSpec[];
  readonly fingerprint: string;
  readonly window: HealthWindow;
  readonly rejected?: Rejection;
  readonly isFrozen?: true;
};

/** Computed once per target, not once per plan: hashing a hundred services costs milliseconds. */
export function desiredFrom(target: Target, facts: DeviceFacts): Desired {
  return {
    apps: target.apps.map((app) => desiredApp(app, facts)),
    networks: [supervisorNetwork()],
    spareImages: target.spareImages,
    prefetch: target.prefetch,
  };
}

/** Every image that is to be on the device: of the services, to fall back to, and for a held update. */
export function imagesOf(desired: Desired): string[] {
  const services = desired.apps.flatMap((app) => app.services.map(({ image }) => image));
  return [...services, ...desired.spareImages, ...desired.prefetch.map(({ image }) => image)];
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
    fingerprint: app.fingerprint,
    window: healthWindow(app.services.map(({ labels }) => labels)),
    ...(app.rejected === undefined ? {} : { rejected: app.rejected }),
    ...(app.isFrozen === undefined ? {} : { isFrozen: app.isFrozen }),
  };
}
