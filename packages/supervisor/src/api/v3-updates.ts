import type { ApplyStatus } from "../apply/apply-loop.ts";
import type { Failure } from "../apply/backoff.ts";
import { ImageIndex } from "../plan/image-index.ts";
import type { StoredTarget } from "../sources/target-store.ts";
import type { DesiredApp } from "../spec/desired.ts";
import { serviceViews, updateStatus } from "../status/status.ts";
import { json, unauthorized } from "./answer.ts";
import { covers } from "./auth.ts";
import type { Route } from "./router.ts";

/** What the routes on updates ask of the supervisor. */
export type Updates = {
  readonly status: () => ApplyStatus;
  readonly failureOf: (stepKey: string) => Failure | undefined;
  /** Updates wait for someone's word. */
  readonly isHolding: () => boolean;
  readonly waiting: () => StoredTarget | undefined;
  /** From now on, updates are downloaded and wait. Returns when this is on the disk. */
  readonly hold: () => Promise<void>;
  /** Applies what waits, if something does, and ends `hold`. Returns when this is on the disk. */
  readonly release: () => Promise<boolean>;
};

/** Updates: what is going on and why not, downloading now and applying on someone's word. */
export function v3UpdateRoutes(updates: Updates): Route[] {
  return [
    {
      method: "GET",
      path: "/v3/updates",
      answer: ({ scope }) => {
        const status = updates.status();
        const apps = (status.desired?.apps ?? []).filter((app) => covers(scope, app.id));
        const waiting = waitingApps(updates, status).filter(({ appId }) => covers(scope, appId));
        return json({ hold: updates.isHolding(), waiting, apps: apps.map((app) => appView(app, status, updates)) });
      },
    },
    {
      method: "POST",
      path: "/v3/updates/hold",
      answer: async ({ scope }) => {
        if (scope.type !== "global") return unauthorized;
        await updates.hold();
        return json({ hold: updates.isHolding() });
      },
    },
    {
      method: "POST",
      path: "/v3/updates/release",
      answer: async ({ scope }) => {
        if (scope.type !== "global") return unauthorized;
        const released = await updates.release();
        return json({ released, hold: updates.isHolding() });
      },
    },
  ];
}

function appView(app: DesiredApp, status: ApplyStatus, updates: Updates): unknown {
  // Without its networks and volumes no service of an app is made.
  const keys = [
    ...app.networks.map(({ name }) => `network ${name}`),
    ...app.volumes.map(({ name }) => `volume ${name}`),
  ];
  const shared = keys.map((key) => updates.failureOf(key)).find((failure) => failure !== undefined);
  const services = Object.entries(serviceViews(app, status)).map(([name, view]) => {
    const waitsFor = status.plan.waits.find((wait) => wait.appId === app.id && wait.service === name)?.reason;
    const failure =
      updates.failureOf(`service ${app.id}/${name}`) ?? updates.failureOf(`image ${view.image}`) ?? shared;
    const reason = failure?.message ?? endingOf(app.id, name, status);
    return [name, { ...view, waitsFor: waitsFor ?? null, failure: reason ?? null }];
  });
  return {
    appId: app.id,
    appUuid: app.uuid,
    name: app.name,
    commit: app.commit,
    updateStatus: updateStatus(app, status),
    rejected: app.rejected ?? null,
    services: Object.fromEntries(services),
  };
}

/** What the engine starts again and again has not failed for us, but does not work either. */
function endingOf(appId: number, service: string, { current }: ApplyStatus): string | undefined {
  const ending = current?.containers.find(
    (one) => one.appId === appId && one.service === service && one.state === "restarting",
  );
  return ending && `the container keeps ending (exit code ${ending.exitCode})`;
}

function waitingApps(updates: Updates, status: ApplyStatus) {
  const images = new ImageIndex(status.current?.images ?? []);
  return Object.entries(updates.waiting()?.apps ?? {}).map(([appUuid, app]) => {
    const [commit, release] = Object.entries(app.releases)[0] ?? ["", undefined];
    const services = Object.values(release?.services ?? {});
    return {
      appId: app.id,
      appUuid,
      name: app.name,
      commit,
      downloaded: services.every(({ image }) => images.has(image)),
    };
  });
}
