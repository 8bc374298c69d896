import { isTruthy } from "../spec/labels.ts";

/** Fleets set it with either prefix, or none (compat 1.4). */
const VARIABLE = /^(?:BALENA_|RESIN_)?SUPERVISOR_HOLD_UPDATES$/;

/** Whether a device configuration asks that updates wait for someone's word. */
export function holdsUpdates(config: Readonly<Record<string, string>>): boolean {
  return Object.entries(config).some(([name, value]) => VARIABLE.test(name) && isTruthy(value));
}
