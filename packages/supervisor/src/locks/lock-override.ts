import { isTruthy } from "../spec/labels.ts";

/** Fleets set it with either prefix, or none, and under an old name (compat 1.4). */
const VARIABLE = /^(?:BALENA_|RESIN_)?(?:SUPERVISOR_)?OVERRIDE_LOCK$/;

/** Whether a device configuration says that update locks do not count. */
export function isLockOverridden(config: Readonly<Record<string, string>>): boolean {
  return Object.entries(config).some(([name, value]) => VARIABLE.test(name) && isTruthy(value));
}
