import type { ServiceStatus, UpdateStatus } from "@holdfast/contracts";
import type { ApplyStatus } from "../apply/apply-loop.ts";
import type { ContainerState, ObservedContainer } from "../engine/current.ts";
import { ImageIndex } from "../plan/image-index.ts";
import type { Step } from "../plan/step.ts";
import type { ContainerSpec } from "../spec/container-spec.ts";
import type { DesiredApp } from "../spec/desired.ts";
import { parseContainerName } from "../spec/names.ts";
import { handoverStatus } from "./handover-status.ts";

/** A container as the device API tells it. */
export type ContainerView = {
  readonly status: ServiceStatus;
  readonly serviceName: string;
  readonly appId: number;
  readonly imageId: number;
  readonly serviceId: number;
  readonly containerId: string;
  readonly createdAt: string;
};

/** An image of the target as the device API tells it. */
export type ImageView = {
  readonly name: string;
  readonly appId: number;
  readonly serviceName: string;
  readonly imageId: number;
  readonly dockerImageId: string | null;
  readonly status: "Downloading" | "Downloaded";
  readonly downloadProgress: number | null;
};

export type ServiceView = {
  readonly status: ServiceStatus;
  readonly image: string;
  readonly releaseId: number;
  readonly downloadProgress: number | null;
};

const STATUS_OF_STATE: Readonly<Record<ContainerState, ServiceStatus>> = {
  created: "Installed",
  running: "Running",
  paused: "paused",
  restarting: "restarting",
  removing: "removing",
  exited: "exited",
  dead: "Dead",
};

/** All containers of the supervisor with what is being done to them. */
export function containerViews(status: ApplyStatus): ContainerView[] {
  return (status.current?.containers ?? []).map((container) => ({
    status: containerStatus(container, status),
    serviceName: container.service,
    appId: container.appId,
    imageId: parseContainerName(container.name)?.imageId ?? 0,
    serviceId: container.serviceId,
    containerId: container.id,
    createdAt: new Date(container.createdAt * 1000).toISOString(),
  }));
}

function containerStatus(container: ObservedContainer, status: ApplyStatus): ServiceStatus {
  for (const step of status.running.values()) {
    if ("id" in step && step.id === container.id) return statusOfStep(step) ?? STATUS_OF_STATE[container.state];
  }
  return handoverStatus(container, status) ?? STATUS_OF_STATE[container.state];
}

function statusOfStep(step: Step): ServiceStatus | undefined {
  if (step.do === "start-container") return "Starting";
  if (step.do === "stop-container") return "Stopping";
  return step.do === "remove-container" ? "removing" : undefined;
}

/** The images that the target needs. */
export function imageViews(status: ApplyStatus): ImageView[] {
  const images = new ImageIndex(status.current?.images ?? []);
  return (status.desired?.apps ?? []).flatMap((app) =>
    app.services.map((spec) => {
      const id = images.find(spec.image)?.id;
      return {
        name: spec.image,
        appId: app.id,
        serviceName: spec.service,
        imageId: parseContainerName(spec.name)?.imageId ?? 0,
        dockerImageId: id ?? null,
        status: id === undefined ? "Downloading" : "Downloaded",
        downloadProgress: id === undefined ? (status.progress.get(spec.image) ?? 0) : null,
      } as const;
    }),
  );
}

/** Mean progress of the downloads under way; null when there is none. */
export function overallProgress(status: ApplyStatus): number | null {
  const percentages = [...status.running.values()].flatMap((step) =>
    step.do === "pull-image" ? [status.progress.get(step.image) ?? 0] : [],
  );
  if (percentages.length === 0) return null;
  return Math.floor(percentages.reduce((sum, percent) => sum + percent, 0) / percentages.length);
}

/** The services of a target app with their state. */
export function serviceViews(app: DesiredApp, status: ApplyStatus): Record<string, ServiceView> {
  const images = new ImageIndex(status.current?.images ?? []);
  const views: Record<string, ServiceView> = {};
  for (const spec of app.services) {
    views[spec.service] = {
      status: serviceStatus(spec, status, images),
      image: spec.image,
      releaseId: parseContainerName(spec.name)?.releaseId ?? 0,
      downloadProgress: images.has(spec.image) ? null : (status.progress.get(spec.image) ?? 0),
    };
  }
  return views;
}

function serviceStatus(spec: ContainerSpec, status: ApplyStatus, images: ImageIndex): ServiceStatus {
  const mine = status.current?.containers.filter((c) => c.appId === spec.appId && c.service === spec.service) ?? [];
  const container = mine.find((c) => c.hash === spec.hash) ?? mine[0];
  if (container !== undefined) return containerStatus(container, status);
  if (status.running.has(`service ${spec.appId}/${spec.service}`)) return "Installing";
  return images.has(spec.image) ? "Downloaded" : "Downloading";
}

/** How far an app's update is (compat 5.3). */
export function updateStatus(app: DesiredApp, status: ApplyStatus): UpdateStatus {
  return app.rejected === undefined ? progressOf(app, status) : "rejected";
}

/** How far the release is that is in effect, whatever was asked for. */
export function progressOf(app: DesiredApp, status: ApplyStatus): UpdateStatus {
  if (status.isApplied) return "done";
  const images = new ImageIndex(status.current?.images ?? []);
  if (app.services.some((spec) => !images.has(spec.image))) return "downloading";
  return "applying changes";
}
