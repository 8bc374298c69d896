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

const TRUTHY = new Set(["1", "true", "on"]);

/** Whether a text means "yes" (compat 3): 1, true, on, in any case. */
export function isTruthy(text: string | undefined): boolean {
  return text !== undefined && TRUTHY.has(text.toLowerCase());
}

export type Feature =
  | "journal-logs"
  | "dbus"
  | "kernel-modules"
  | "firmware"
  | "balena-socket"
  | "balena-api"
  | "supervisor-api"
  | "sysfs"
  | "procfs"
  | "gpu"
  | "host-os.board-rev"
  | "extra-firmware";

/** Whose updates a service's lock holds up: those of its whole app (balena's way), or its own only. */
export type LockScope = "app" | "service";

/** The scope that a service's label names; any other value means the whole app. */
export function lockScopeOf(labels: Readonly<Record<string, string>>): LockScope {
  return labels["io.holdfast.update.lock-scope"] === "service" ? "service" : "app";
}

/** Whether a service asks for a feature of the device by label. */
export function hasFeature(labels: Readonly<Record<string, string>>, feature: Feature): boolean {
  return isTruthy(labels[`io.balena.features.${feature}`]);
}
