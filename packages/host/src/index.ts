export { bundleHostPrograms } from "./bundle.ts";
