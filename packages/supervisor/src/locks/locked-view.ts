import type { PlanContext } from "../plan/context.ts";
import type { LockRefusal } from "./update-locks.ts";

/** Refused locks as the planner looks at them. */
export function lockedView(refusals: readonly LockRefusal[]): Pick<PlanContext, "lockedApps" | "lockedServices"> {
  const lockedApps = new Map<number, string>();
  const lockedServices = new Map<string, string>();
  for (const { group, reason } of refusals) {
    if (group.scope === "app") lockedApps.set(group.appId, reason);
    else for (const service of group.services) lockedServices.set(`${group.appId}/${service}`, reason);
  }
  return { lockedApps, lockedServices };
}
