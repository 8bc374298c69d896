import { isTruthy } from "../spec/labels.ts";

const VARIABLE = /^(?:BALENA_|RESIN_)?SUPERVISOR_INSTANT_UPDATE_TRIGGER$/;

/** Whether a nudge makes the device look for an update at once; the fleet may want its own pace (compat 1.4). */
export function isInstantUpdate(config: Readonly<Record<string, string>>): boolean {
  const [, value = "true"] = Object.entries(config).find(([name]) => VARIABLE.test(name)) ?? [];
  return isTruthy(value);
}
