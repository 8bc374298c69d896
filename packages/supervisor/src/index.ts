export { buildSupervisorBundle, type SupervisorBundle } from "./bundle.ts";
