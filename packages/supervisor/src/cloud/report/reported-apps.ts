import type { ReportedApp, ReportedRelease, ReportedService, WireApps } from "@holdfast/contracts";
import type { ApplyStatus } from "../../apply/apply-loop.ts";
import type { ObservedContainer } from "../../engine/current.ts";
import { ImageIndex } from "../../plan/image-index.ts";
import type { SelfStatus } from "../../self/self-standing.ts";
import { supervisorServices } from "../../self/wanted-supervisor.ts";
import type { DesiredApp } from "../../spec/desired.ts";
import { parseContainerName } from "../../spec/names.ts";
import { containerViews, progressOf } from "../../status/status.ts";
import { SUPERVISOR_APPS } from "../../target/from-wire.ts";
import type { RefusedRelease } from "../target/read-target-answer.ts";

export type AppsInput = {
  readonly status: ApplyStatus;
  /** The fleet's target as it came. */
  readonly wire: WireApps;
  /** Releases of a newer target that could not be taken. */
  readonly refused: readonly RefusedRelease[];
  /** How far the supervisor's own update is. */
  readonly self?: SelfStatus | undefined;
};

type Releases = Record<string, ReportedRelease>;

/** A server knows images by repository and digest; it refuses a report with one that it does not know. */
const KNOWN_IMAGE = /^[^@\s]+@sha256:[0-9a-f]{64}$/;

/** The apps of a state report (compat 5.3). Pure. */
export function reportedApps({ status, wire, refused, self }: AppsInput): Record<string, ReportedApp> {
  const apps: Record<string, ReportedApp> = {};
  const statuses = new Map(containerViews(status).map((view) => [view.containerId, view.status]));
  for (const app of status.desired?.apps ?? []) apps[app.uuid] = reportedApp(app, status, statuses);
  for (const [uuid, app] of Object.entries(wire)) {
    if (SUPERVISOR_APPS.has(uuid)) apps[uuid] = supervisorApp(app, self);
  }
  for (const { app, commit } of refused) {
    const known = apps[app];
    if (known?.releases[commit] !== undefined) continue;
    const rejected: ReportedRelease = { update_status: "rejected", services: {} };
    apps[app] = { ...known, releases: { ...known?.releases, [commit]: rejected } };
  }
  return apps;
}

type Statuses = ReadonlyMap<string, ReportedService["status"]>;

function reportedApp(app: DesiredApp, status: ApplyStatus, statuses: Statuses): ReportedApp {
  const own = (status.current?.containers ?? []).filter((container) => container.appId === app.id);
  const releases: Releases = {};
  if (app.commit !== "") {
    releases[app.commit] = {
      update_status: app.rejected?.commit === app.commit ? "rejected" : progressOf(app, status),
      services: targetServices(app, { status, own, statuses }),
    };
  }
  const olds = formerReleases(app, own, statuses);
  Object.assign(releases, olds);
  if (app.rejected !== undefined && app.rejected.commit !== app.commit) {
    const { commit } = app.rejected;
    releases[commit] = { update_status: "rejected", services: releases[commit]?.services ?? {} };
  }
  const [former, ...others] = Object.keys(olds);
  const running =
    releases[app.commit]?.update_status === "done" ? app.commit : others.length === 0 ? former : undefined;
  return { ...(running === undefined || running === "" ? {} : { release_uuid: running }), releases };
}

type Seen = {
  readonly status: ApplyStatus;
  readonly own: readonly ObservedContainer[];
  readonly statuses: Statuses;
};

function targetServices(app: DesiredApp, { status, own, statuses }: Seen): Record<string, ReportedService> {
  const images = new ImageIndex(status.current?.images ?? []);
  const services: Record<string, ReportedService> = {};
  for (const { service, name, image } of app.services) {
    const container = own.find((candidate) => candidate.name === name);
    const known = container === undefined ? undefined : statuses.get(container.id);
    if (known !== undefined) services[service] = { image, status: known };
    else if (images.has(image)) services[service] = { image, status: "Downloaded" };
    else services[service] = { image, status: "Downloading", download_progress: status.progress.get(image) ?? 0 };
  }
  return services;
}

/** Releases of which containers are still there beside the target's. */
function formerReleases(app: DesiredApp, own: readonly ObservedContainer[], statuses: Statuses): Releases {
  const services: Record<string, Record<string, ReportedService>> = {};
  for (const container of own) {
    const commit = parseContainerName(container.name)?.commit ?? "";
    const status = statuses.get(container.id);
    if (commit === "" || commit === app.commit || status === undefined || !KNOWN_IMAGE.test(container.image)) continue;
    services[commit] = { ...services[commit], [container.service]: { image: container.image, status } };
  }
  return Object.fromEntries(
    Object.entries(services).map(([commit, running]) => [commit, { update_status: "done", services: running }]),
  );
}

/** What the fleet is told of the update, by how far it is; the service's status is one that servers know. */
const SELF_PROGRESS = {
  running: { update_status: "done", status: "Running" },
  downloading: { update_status: "downloading", status: "Downloading" },
  downloaded: { update_status: "downloaded", status: "Downloaded" },
  starting: { update_status: "applying changes", status: "Starting" },
  refused: { update_status: "rejected", status: "Downloaded" },
} as const;

function supervisorApp(app: WireApps[string], self: SelfStatus | undefined): ReportedApp {
  const [commit, release] = Object.entries(app.releases)[0] ?? [];
  if (commit === undefined || release === undefined) return { releases: {} };
  const progress = self?.commit === commit ? self.progress : "running";
  const { update_status, status } = SELF_PROGRESS[progress];
  const services: Record<string, ReportedService> = {};
  const percent = progress === "downloading" ? { download_progress: self?.percent ?? 0 } : {};
  for (const [name, { image }] of progress === "refused" ? [] : supervisorServices(release)) {
    services[name] = { image, status, ...percent };
  }
  const releases = { [commit]: { update_status, services } };
  return progress === "running" ? { release_uuid: commit, releases } : { releases };
}
