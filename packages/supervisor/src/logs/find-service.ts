import type { ApplyStatus } from "../apply/apply-loop.ts";
import { LABEL_SERVICE_ID } from "../spec/labels.ts";
import { type LoggedService, logLevelOf } from "./journal-entry.ts";

/**
 * The service of a container: by what the last look at the engine saw, else, for one that is younger, by the name that
 * it was given. Pure; undefined for containers of others.
 */
export function findService(status: ApplyStatus, id: string, name: string): LoggedService | undefined {
  const specs = (status.desired?.apps ?? []).flatMap((app) => app.services);
  const seen = status.current?.containers.find((container) => container.id === id);
  const spec = specs.find((candidate) =>
    seen === undefined ? candidate.name === name : candidate.appId === seen.appId && candidate.service === seen.service,
  );
  const serviceId = seen?.serviceId ?? Number(spec?.body.Labels[LABEL_SERVICE_ID] ?? Number.NaN);
  const serviceName = seen?.service ?? spec?.service;
  if (serviceName === undefined || !Number.isInteger(serviceId)) return undefined;
  return { serviceId, serviceName, level: logLevelOf(spec?.body.Env ?? []) };
}
