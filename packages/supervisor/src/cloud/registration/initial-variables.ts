import { plainName } from "../../device-config/config-variables.ts";

/** A device that joins must not stay in local mode, nor without its tunnel: these are the server's from the start. */
const NOT_TAKEN_ALONG = new Set(["SUPERVISOR_LOCAL_MODE", "SUPERVISOR_VPN_CONTROL"]);

/** What holds where nobody says anything (compat 1.3), in milliseconds. */
export const DEFAULT_POLL_MS = 900_000;

export type DeviceSays = {
  /** Device configuration that the device came with, as a preload brings it. */
  readonly preloaded: Readonly<Record<string, string>>;
  /** Of config.json. */
  readonly persistentLogging: boolean;
  /** Of config.json; undefined when it says nothing. */
  readonly pollIntervalMs: number | undefined;
};

/**
 * The variables that the server is to take over from the device, by plain name: what differs from the defaults and is
 * not set there, so that joining a fleet does not undo how the device was set up (compat 5.1). Pure.
 */
export function initialVariables(
  says: DeviceSays,
  serversConfig: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const current: Record<string, string> = {};
  if (says.persistentLogging) current["SUPERVISOR_PERSISTENT_LOGGING"] = "true";
  if (says.pollIntervalMs !== undefined && says.pollIntervalMs !== DEFAULT_POLL_MS)
    current["SUPERVISOR_POLL_INTERVAL"] = String(says.pollIntervalMs);
  for (const [name, value] of Object.entries(says.preloaded)) current[plainName(name)] = value;
  const known = new Set(Object.keys(serversConfig).map(plainName));
  return Object.fromEntries(Object.entries(current).filter(([name]) => !known.has(name) && !NOT_TAKEN_ALONG.has(name)));
}
