export { apiReference, type NeededKey } from "./api/reference.ts";
export { buildSupervisorBundle, type SupervisorBundle } from "./bundle.ts";
export { nodeStart } from "./node-start.ts";
