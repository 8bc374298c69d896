import { parseDiscoverability } from "@holdfast/contracts/host";
import { parseJson } from "../config/json-text.ts";
import { isObject } from "../config/keys/value-parsers.ts";
import type { Machine } from "../machine/machine.ts";

/**
 * What the fleet says (HOST_DISCOVERABILITY), handed over by the supervisor: `{"discoverable": true}` or `false`, written
 * durably; no file while the fleet says nothing. On the state partition, so that it holds from the next boot's first
 * moment. A path unit follows it.
 */
export const DISCOVERABILITY = "/etc/balena-supervisor/discoverability.json";

/** Rendered from config.json. */
export const DISCOVERY_DEFAULTS = "/run/holdfast/discovery.json";

export type Discovery = {
  /** Whether the device answers to names on its networks at all. */
  readonly isOn: boolean;
  /** A second name besides the hostname. */
  readonly alias: string | undefined;
};

const objectAt = (machine: Machine, path: string) => {
  const parsed = parseJson(machine.readText(path) ?? "");
  return parsed.ok && isObject(parsed.value) ? parsed.value : {};
};

/** What the fleet wishes, else what config.json implies. What cannot be understood counts as unset. */
export function readDiscovery(machine: Machine): Discovery {
  const wish = parseDiscoverability(machine.readText(DISCOVERABILITY));
  const { isDefault, alias } = objectAt(machine, DISCOVERY_DEFAULTS);
  return {
    isOn: wish ?? isDefault === true,
    alias: typeof alias === "string" ? alias : undefined,
  };
}
