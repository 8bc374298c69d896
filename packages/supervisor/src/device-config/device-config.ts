import { ConfigVariables } from "./config-variables.ts";

/** What the fleet sets of the supervisor's own behaviour (compat 1.4). Times are milliseconds. */
export type DeviceConfig = {
  readonly pollIntervalMs: number;
  /** The target is fetched as soon as the supervisor starts or is nudged, not only when the interval is over. */
  readonly instantUpdates: boolean;
  readonly localMode: boolean;
  readonly connectivityCheck: boolean;
  readonly loggingEnabled: boolean;
  readonly apiRequestTimeoutMs: number;
  readonly lockOverride: boolean;
  readonly persistentLogging: boolean;
  readonly firewallMode: "on" | "off" | "auto";
  readonly hostDiscoverability: boolean;
  readonly hardwareMetrics: boolean;
  readonly vpnControl: boolean;
  readonly delta: DeltaConfig;
};

export type DeltaConfig = {
  readonly isOn: boolean;
  readonly version: number;
  readonly requestTimeoutMs: number;
  /** 0: as long as it takes. */
  readonly applyTimeoutMs: number;
  readonly retryCount: number;
  readonly retryIntervalMs: number;
};

/** A shorter interval is a slip of the pen that would have every device of a fleet ask without pause. */
const LEAST_POLL_MS = 1000;
const LEAST_TIMEOUT_MS = 1000;
const DEFAULT_TIMEOUT_MS = 59_000;

export type ParsedDeviceConfig = {
  readonly values: DeviceConfig;
  /** Sentences for the device's log: what cannot be used counts as not set. */
  readonly problems: readonly string[];
};

/** Reads the configuration of a target state; `pollIntervalMs` is what holds when it says nothing. Pure. */
export function parseDeviceConfig(
  config: Readonly<Record<string, string>>,
  { pollIntervalMs }: { readonly pollIntervalMs: number },
): ParsedDeviceConfig {
  const read = new ConfigVariables(config);
  const least = { least: LEAST_TIMEOUT_MS };
  const values: DeviceConfig = {
    pollIntervalMs: read.number(pollIntervalMs, "SUPERVISOR_POLL_INTERVAL", { least: LEAST_POLL_MS }),
    instantUpdates: read.flag(true, "SUPERVISOR_INSTANT_UPDATE_TRIGGER"),
    localMode: read.flag(false, "SUPERVISOR_LOCAL_MODE"),
    connectivityCheck: read.flag(true, "SUPERVISOR_CONNECTIVITY_CHECK"),
    loggingEnabled: read.flag(true, "SUPERVISOR_LOG_CONTROL"),
    apiRequestTimeoutMs: read.number(DEFAULT_TIMEOUT_MS, "SUPERVISOR_API_REQUEST_TIMEOUT", least),
    lockOverride: read.flag(false, "SUPERVISOR_OVERRIDE_LOCK", "OVERRIDE_LOCK"),
    persistentLogging: read.flag(false, "SUPERVISOR_PERSISTENT_LOGGING"),
    firewallMode: read.oneOf(["on", "off", "auto"], "off", "HOST_FIREWALL_MODE"),
    hostDiscoverability: read.flag(true, "HOST_DISCOVERABILITY"),
    hardwareMetrics: read.flag(true, "SUPERVISOR_HARDWARE_METRICS"),
    vpnControl: read.flag(true, "SUPERVISOR_VPN_CONTROL"),
    delta: deltaConfig(read),
  };
  return { values, problems: read.problems };
}

function deltaConfig(read: ConfigVariables): DeltaConfig {
  return {
    isOn: read.flag(false, "SUPERVISOR_DELTA"),
    version: read.number(2, "SUPERVISOR_DELTA_VERSION", { least: 2, most: 3 }),
    requestTimeoutMs: read.number(DEFAULT_TIMEOUT_MS, "SUPERVISOR_DELTA_REQUEST_TIMEOUT", { least: LEAST_TIMEOUT_MS }),
    applyTimeoutMs: read.number(0, "SUPERVISOR_DELTA_APPLY_TIMEOUT"),
    retryCount: read.number(30, "SUPERVISOR_DELTA_RETRY_COUNT"),
    retryIntervalMs: read.number(10_000, "SUPERVISOR_DELTA_RETRY_INTERVAL"),
  };
}
