import { homedir } from "node:os";
import path from "node:path";

/**
 * The one directory that holds everything which can be made again: debs, package lists, tools trees, stages, virtual
 * devices. HOLDFAST_CACHE names it; otherwise it is `holdfast` below the user's cache directory. Pure but for the home.
 */
export function cacheRoot(env: Readonly<Record<string, string | undefined>>): string {
  const named = env["HOLDFAST_CACHE"];
  if (named !== undefined && named !== "") return path.resolve(named);
  return path.join(env["XDG_CACHE_HOME"] || path.join(env["HOME"] || homedir(), ".cache"), "holdfast");
}
