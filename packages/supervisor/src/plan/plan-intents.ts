import { type Current, isUp, type ObservedContainer } from "../engine/current.ts";
import type { Desired, DesiredApp } from "../spec/desired.ts";
import { EXTRA_FIRMWARE_VOLUME } from "../spec/names.ts";
import { type Draft, lockOn, retireUnlessLocked } from "./draft.ts";

/** Stops a container that somebody asked to stop; one that does not run is left so. */
export function planStop(draft: Draft, container: ObservedContainer): void {
  if (!isUp(container)) return;
  const { id, appId, service, image } = container;
  const reason = lockOn(draft, container);
  if (reason === undefined) draft.steps.push({ do: "stop-container", of: { appId, service, image }, id });
  else draft.waits.push({ appId, service, reason });
}

/**
 * What was asked of a container that a new release will replace, but not yet: an app may restart itself while a
 * download takes hours. It is restarted as it is, since the release that it was made from is no longer the target.
 */
export function planIntentsOfOld(draft: Draft, container: ObservedContainer): void {
  const { intents } = draft.context;
  const { id, appId, service, image } = container;
  const of = { appId, service, image };
  if (intents.stopped.has(id)) {
    planStop(draft, container);
  } else if (intents.replace.has(id)) {
    const reason = lockOn(draft, container);
    if (reason === undefined) draft.steps.push({ do: "restart-container", of, id, sharing: [] });
    else draft.waits.push({ appId, service, reason });
  } else if (intents.start.has(id) && !isUp(container)) {
    draft.steps.push({ do: "start-container", of, id });
  }
}

/** Takes away all containers of an app, then its volumes; nothing of it is made before both are gone. */
export function planPurge(draft: Draft, app: PurgedApp, desired: Desired): void {
  const containers = draft.current.containers.filter(({ appId }) => appId === app.appId);
  for (const container of containers) retireUnlessLocked(draft, container);
  if (containers.length === 0) {
    for (const name of volumesToPurge(app, draft.current, desired)) draft.steps.push({ do: "remove-volume", name });
  }
  draft.waits.push({ appId: app.appId, service: "", reason: "the data of the app is removed first" });
}

/**
 * The volumes that hold an app's data: those of any of its releases, and the device's volume for firmware if the app
 * has it and no other app mounts it (compat 3.1).
 */
export function volumesToPurge({ appId, appUuid }: PurgedApp, current: Current, { apps }: Desired): string[] {
  const hasFirmware = apps.some((app) => app.id === appId && mountsFirmware(app));
  const mounted = new Set(current.containers.filter((one) => one.appId !== appId).flatMap(({ volumes }) => volumes));
  return current.volumes
    .filter(({ name, supervised, appUuid: owner }) => {
      if (name === EXTRA_FIRMWARE_VOLUME) return hasFirmware && !mounted.has(name);
      return supervised && owner === appUuid;
    })
    .map(({ name }) => name);
}

export type PurgedApp = { readonly appId: number; readonly appUuid: string };

function mountsFirmware({ services }: DesiredApp): boolean {
  return services.some(({ body }) =>
    body.HostConfig.Binds.some((bind) => bind.startsWith(`${EXTRA_FIRMWARE_VOLUME}:`)),
  );
}
