export { apiReference, type NeededKey } from "./api/reference.ts";
export { buildSupervisorBundle, type SupervisorBundle } from "./bundle.ts";
export { type NodeStart, nodeStart } from "./node-start.ts";
