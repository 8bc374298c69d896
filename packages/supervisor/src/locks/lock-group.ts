import type { Current } from "../engine/current.ts";
import type { Desired } from "../spec/desired.ts";
import { type LockScope, lockScopeOf } from "../spec/labels.ts";

/** Which service of which app. */
export type ServiceKey = { readonly appId: number; readonly service: string };

/** Services whose locks are taken together or not at all: touching one of them needs all of these locks. */
export type LockGroup = {
  readonly appId: number;
  readonly services: readonly string[];
  /** `service` for a group of one that its label keeps apart from the rest of the app. */
  readonly scope: LockScope;
};

type Scene = { readonly desired: Desired | undefined; readonly current: Current };

/**
 * All groups of a device. The services of an app, those that run and those that should, are one group (compat 4.4);
 * one with `io.holdfast.update.lock-scope=service` is a group of its own. What runs decides, since its user holds the lock.
 */
export function allLockGroups({ desired, current }: Scene): LockGroup[] {
  const scopes = new Map<number, Map<string, LockScope>>();
  const note = ({ appId, service }: ServiceKey, scope: LockScope): void => {
    const app = scopes.get(appId) ?? new Map<string, LockScope>();
    scopes.set(appId, app.set(service, scope));
  };
  for (const spec of desired?.apps.flatMap((app) => app.services) ?? []) note(spec, lockScopeOf(spec.body.Labels));
  for (const container of current.containers) note(container, container.lockScope);
  return [...scopes].flatMap(([appId, services]) => groupsOf(appId, services));
}

function groupsOf(appId: number, services: ReadonlyMap<string, LockScope>): LockGroup[] {
  const named = [...services];
  const together = named.flatMap(([service, scope]) => (scope === "app" ? [service] : []));
  const apart = named.flatMap(([service, scope]) => (scope === "service" ? [service] : []));
  return [
    ...(together.length === 0 ? [] : [{ appId, services: together, scope: "app" } as const]),
    ...apart.map((service) => ({ appId, services: [service], scope: "service" }) as const),
  ];
}

/** The groups whose locks are needed to touch these services. */
export function lockGroupsOf(touched: readonly ServiceKey[], scene: Scene): LockGroup[] {
  return allLockGroups(scene).filter((group) =>
    touched.some(({ appId, service }) => appId === group.appId && group.services.includes(service)),
  );
}
