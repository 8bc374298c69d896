/** Labels of compat 4.3 and our own. */
export const LABEL_SUPERVISED = "io.balena.supervised";
export const LABEL_APP_ID = "io.balena.app-id";
export const LABEL_APP_UUID = "io.balena.app-uuid";
export const LABEL_SERVICE_ID = "io.balena.service-id";
export const LABEL_SERVICE_NAME = "io.balena.service-name";

/**
 * Tells whether a container (or network) was made from the definition we would make now. The engine adds defaults and
 * rewrites what it is given, differently in each version, so comparing its answer field by field needs a model of
 * every default; comparing our former intent with our present one needs this label only.
 */
export const LABEL_CONFIG_HASH = "io.holdfast.config-hash";

/** `true`: a new container of the service is started by the next boot only. */
export const LABEL_REQUIRES_REBOOT = "io.balena.update.requires-reboot";
/** Ours: in which boot a container was made that waits for the next one. */
export const LABEL_BOOT_ID = "io.holdfast.boot-id";
/** Ours: `false` leaves an unhealthy container alone. */
export const LABEL_HEALTH_RESTART = "io.holdfast.health.restart";
/** Ours: `service` keeps a service's update lock to itself. */
export const LABEL_LOCK_SCOPE = "io.holdfast.update.lock-scope";
/** Ours: how long a new release is watched before it counts as good. */
export const LABEL_HEALTH_WINDOW = "io.holdfast.health.window";

const TRUTHY = new Set(["1", "true", "on"]);

/** Whether a text means "yes" (compat 3): 1, true, on, in any case. */
export function isTruthy(text: string | undefined): boolean {
  return text !== undefined && TRUTHY.has(text.toLowerCase());
}

/** What a service may ask of the device by a label `io.balena.features.<feature>` (compat 4.3). */
export const features = [
  "journal-logs",
  "dbus",
  "kernel-modules",
  "firmware",
  "balena-socket",
  "balena-api",
  "supervisor-api",
  "sysfs",
  "procfs",
  "gpu",
  "host-os.board-rev",
  "extra-firmware",
  "optional",
] as const;
export type Feature = (typeof features)[number];

const FALSY = new Set(["0", "false", "off"]);

/** Whether a text means "no": 0, false, off, in any case. */
export function isFalsy(text: string | undefined): boolean {
  return text !== undefined && FALSY.has(text.toLowerCase());
}

/** Whose updates a service's lock holds up: those of its whole app (balena's way), or its own only. */
export type LockScope = "app" | "service";

/** The scope that a service's label names; any other value means the whole app. */
export function lockScopeOf(labels: Readonly<Record<string, string>>): LockScope {
  return labels[LABEL_LOCK_SCOPE] === "service" ? "service" : "app";
}

/** Whether a service asks for a feature of the device by label. */
export function hasFeature(labels: Readonly<Record<string, string>>, feature: Feature): boolean {
  return isTruthy(labels[`io.balena.features.${feature}`]);
}
