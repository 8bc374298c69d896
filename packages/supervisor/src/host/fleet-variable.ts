type FleetConfig = Readonly<Record<string, string>>;

/** A device configuration variable; fleets set it with either prefix, or none (compat 1.4). Pure. */
export function fleetVariable(config: FleetConfig, name: string): string | undefined {
  return Object.entries(config).find(([key]) => key.replace(/^(?:BALENA|RESIN)_/, "") === name)?.[1];
}

/** One that is true or false; undefined while it is unset, or neither. Pure. */
export function fleetFlag(config: FleetConfig, name: string): boolean | undefined {
  const value = fleetVariable(config, name)?.toLowerCase() ?? "";
  if (["1", "true", "on"].includes(value)) return true;
  return ["0", "false", "off"].includes(value) ? false : undefined;
}
