export { bundleHostPrograms } from "./bundle.ts";
export { parseHostConfig, valueAt, withValueAt } from "./config/host-config.ts";
export type { ConfigKey } from "./config/keys/config-key.ts";
export { configKeys } from "./config/keys/config-keys.ts";
export { checkConnection, describeFinding } from "./connections/check-connection.ts";
export { isIgnoredName } from "./connections/file-names.ts";
export { allChecks } from "./doctor/checks/all-checks.ts";
export { type Report, UNKNOWN } from "./doctor/diagnose.ts";
export { renderReport } from "./doctor/render-report.ts";
