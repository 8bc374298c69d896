import * as z from "zod";
import { displayName, entityName, environmentMap, labelMap, numericId, scalarText } from "./names.ts";

/** A service of a release (compat 5.2). `composition` is parsed apart, so that one field names itself in the error. */
export const wireService = z.object({
  id: numericId,
  image_id: numericId,
  image: z
    .string()
    .min(1)
    .max(2048)
    .regex(/^[^\s]+$/, "must not contain spaces"),
  running: z.boolean().default(true),
  environment: environmentMap.default({}),
  labels: labelMap.default({}),
  contract: z.record(z.string(), z.unknown()).optional(),
  composition: z.record(z.string(), z.unknown()).default({}),
});
export type WireService = z.infer<typeof wireService>;

/** Volumes and networks: a null definition means all defaults, as in compose. */
const definitions = z.record(
  entityName,
  z
    .record(z.string(), z.unknown())
    .nullable()
    .transform((definition) => definition ?? {}),
);

/** One release of an app. */
export const wireRelease = z.object({
  id: numericId,
  services: z.record(entityName, wireService).default({}),
  volumes: definitions.default({}),
  networks: definitions.default({}),
});
export type WireRelease = z.infer<typeof wireRelease>;

/** One app of the target state; `releases` has at most one entry in practice, the first counts. */
export const wireApp = z.object({
  id: numericId,
  name: displayName,
  class: z.enum(["fleet", "app", "block"]).default("fleet"),
  is_host: z.boolean().default(false),
  parent_app: z.string().optional(),
  releases: z.record(entityName, wireRelease).default({}),
});
export type WireApp = z.infer<typeof wireApp>;

export const wireApps = z.record(entityName, wireApp);
export type WireApps = z.infer<typeof wireApps>;

/** Device configuration variables: all text (compat 1.4). */
export const wireConfig = z.record(z.string().max(255), scalarText);

/** GET /device/v3/<uuid>/state: keyed by the device's uuid. */
export const targetStateV3 = z.record(
  entityName,
  z.object({ name: displayName, config: wireConfig.default({}), apps: wireApps.default({}) }),
);
export type TargetStateV3 = z.infer<typeof targetStateV3>;
