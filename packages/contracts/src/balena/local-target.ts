import * as z from "zod";
import { refuse } from "../errors.ts";
import { displayName, entityName, environmentMap, labelMap, numericId } from "./names.ts";
import { type WireApp, wireApps, wireConfig } from "./target-state.ts";

/** A service of the local form: identity and compose keys side by side (compat 6.1, step 9). */
const localService = z.looseObject({
  imageId: numericId.optional(),
  serviceId: numericId.optional(),
  serviceName: entityName,
  image: z.string().min(1).max(2048),
  running: z.boolean().default(true),
  environment: environmentMap.default({}),
  labels: labelMap.default({}),
  contract: z.record(z.string(), z.unknown()).optional(),
});
export type LocalService = z.infer<typeof localService>;

const definitions = z.record(entityName, z.record(z.string(), z.unknown()).nullable());

const localApp = z.object({
  uuid: entityName.optional(),
  appId: numericId.optional(),
  name: displayName,
  commit: entityName.default("localrelease"),
  releaseId: numericId.default(1),
  services: z.record(z.string().regex(/^\d+$/, "must be numeric"), localService).default({}),
  volumes: definitions.default({}),
  networks: definitions.default({}),
});
export type LocalApp = z.infer<typeof localApp>;

/** Apps keyed by numeric id: what POST /v2/local/target-state takes, and the second older form of apps.json. */
export const localApps = z.record(z.string().regex(/^\d{1,15}$/, "must be a numeric app id"), localApp);
export type LocalApps = z.infer<typeof localApps>;

/** Body of POST /v2/local/target-state, and `state` of its GET. */
export const localTargetState = z.object({
  local: z.object({
    name: displayName.optional(),
    config: wireConfig.default({}),
    apps: localApps.default({}),
  }),
  force: z.unknown().optional(),
});
export type LocalTargetState = z.infer<typeof localTargetState>;

/** Keys of a local service that are not compose keys. */
const IDENTITY = new Set([
  "imageId",
  "serviceId",
  "serviceName",
  "image",
  "running",
  "environment",
  "labels",
  "contract",
  "appId",
  "releaseId",
  "commit",
  "imageName",
  "containerId",
  "dependsOn",
  "status",
]);

/**
 * The local form of apps in the form of the target state. The app's id doubles as its uuid when it has none.
 * @throws HoldfastError `supervisor.invalid-target` when two apps have one uuid, or two services of an app one name
 */
export function fromLocalApps(apps: LocalApps): z.infer<typeof wireApps> {
  const converted: Record<string, WireApp> = {};
  for (const [id, app] of Object.entries(apps)) {
    const services: Record<string, unknown> = {};
    for (const [key, service] of Object.entries(app.services)) {
      const { serviceName, image, running, environment, labels, contract } = service;
      const composition = Object.fromEntries(Object.entries(service).filter(([name]) => !IDENTITY.has(name)));
      const imageId = service.imageId ?? Number(key);
      const serviceId = service.serviceId ?? Number(key);
      const wire = { id: serviceId, image_id: imageId, image, running, environment, labels, contract, composition };
      if (Object.hasOwn(services, serviceName)) twice(`service ${serviceName} of app ${id}`);
      services[serviceName] = wire;
    }
    const release = { id: app.releaseId, services, volumes: app.volumes, networks: app.networks };
    const wire = { id: Number(id), name: app.name, class: "fleet", releases: { [app.commit]: release } };
    if (Object.hasOwn(converted, app.uuid ?? id)) twice(`app ${app.uuid ?? id}`);
    Object.assign(converted, wireApps.parse({ [app.uuid ?? id]: wire }));
  }
  return converted;
}

function twice(what: string): never {
  return refuse("supervisor.invalid-target", { message: `The target state has ${what} twice.` });
}

/** The target state's form of apps in the local form, for GET /v2/local/target-state. */
export function toLocalApps(apps: z.infer<typeof wireApps>): Record<string, unknown> {
  const converted: Record<string, unknown> = {};
  for (const [uuid, app] of Object.entries(apps)) {
    const [commit, release] = Object.entries(app.releases)[0] ?? [];
    const services: Record<string, unknown> = {};
    for (const [serviceName, service] of Object.entries(release?.services ?? {})) {
      const { id: serviceId, image_id: imageId, composition, ...same } = service;
      const identity = { imageId, serviceName, serviceId, ...same };
      services[String(serviceId)] = { ...composition, ...identity };
    }
    converted[String(app.id)] = {
      appId: app.id,
      uuid,
      name: app.name,
      ...(commit === undefined ? {} : { commit, releaseId: release?.id }),
      services,
      volumes: release?.volumes ?? {},
      networks: release?.networks ?? {},
    };
  }
  return converted;
}
