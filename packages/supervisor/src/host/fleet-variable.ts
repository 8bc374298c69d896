type FleetConfig = Readonly<Record<string, string>>;

/** A device configuration variable; fleets set it with either prefix, or none (compat 1.4). Pure. */
export function fleetVariable(config: FleetConfig, name: string): string | undefined {
  return Object.entries(config).find(([key]) => key.replace(/^(?:BALENA|RESIN)_/, "") === name)?.[1];
}
