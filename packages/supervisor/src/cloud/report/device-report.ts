import type { ReportedApp, StateReport } from "@holdfast/contracts";
import type { Addresses } from "./addresses.ts";
import type { Metrics } from "./metrics.ts";

/** What is reported of a device, without its uuid (compat 5.3). */
export type DeviceReport = StateReport[string];

export type ReportInput = {
  readonly apiPort: number;
  /** The key of the device API that the server uses. */
  readonly apiSecret: string;
  readonly osVersion: string;
  readonly osVariant: "dev" | "prod";
  readonly supervisorVersion: string;
  readonly addresses: Addresses;
  /** Undefined when they are switched off: then the server is told once that there are none. */
  readonly metrics: Metrics | undefined;
  readonly isApplied: boolean;
  /** Undefined in local mode: what runs then is nobody's business but the developer's. */
  readonly apps: Readonly<Record<string, ReportedApp>> | undefined;
};

const NO_METRICS = {
  memory_usage: null,
  memory_total: null,
  storage_block_device: null,
  storage_usage: null,
  storage_total: null,
  cpu_temp: null,
  cpu_usage: null,
  cpu_id: null,
} as const;

/** The whole report. The device's name is not in it: the server's may be newer than ours. Pure. */
export function deviceReport(input: ReportInput): DeviceReport {
  return {
    api_port: input.apiPort,
    api_secret: input.apiSecret,
    os_version: input.osVersion,
    os_variant: input.osVariant,
    supervisor_version: input.supervisorVersion,
    provisioning_progress: null,
    provisioning_state: "",
    status: input.isApplied ? "Idle" : "Updating",
    ip_address: input.addresses.ip,
    mac_address: input.addresses.mac,
    ...(input.metrics ?? NO_METRICS),
    ...(input.apps === undefined ? {} : { logs_channel: null, apps: input.apps }),
  };
}
