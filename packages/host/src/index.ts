export { bundleHostPrograms } from "./bundle.ts";
export type { ConfigKey } from "./config/keys/config-key.ts";
export { configKeys } from "./config/keys/config-keys.ts";
