export { bundleHostPrograms } from "./bundle.ts";
export { parseHostConfig, valueAt, withValueAt } from "./config/host-config.ts";
export type { ConfigKey } from "./config/keys/config-key.ts";
export { configKeys } from "./config/keys/config-keys.ts";
export { checkConnection, describeFinding } from "./connections/check-connection.ts";
export { isIgnoredName } from "./connections/file-names.ts";
