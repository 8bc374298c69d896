import type { CloudDevice } from "./cloud-device.ts";
import type { Addresses } from "./report/addresses.ts";
import { type DeviceReport, deviceReport } from "./report/device-report.ts";
import type { Metrics } from "./report/metrics.ts";
import { reportedApps } from "./report/reported-apps.ts";
import type { TargetProblem } from "./target/cloud-target.ts";

export type ReportParts = {
  readonly device: CloudDevice;
  readonly addresses: Addresses;
  readonly metrics: Metrics | undefined;
  readonly problem: TargetProblem | undefined;
};

/** The device's whole report as of now. */
export function composeReport({ device, addresses, metrics, problem }: ReportParts): DeviceReport {
  const status = device.status();
  const { listenPort, osVersion } = device.facts();
  const apps = {
    status,
    wire: device.fleetTarget()?.apps ?? {},
    refused: problem?.releases ?? [],
    self: device.selfStatus(),
  };
  return deviceReport({
    apiPort: listenPort,
    apiSecret: device.globalKey(),
    osVersion,
    osVariant: device.osVariant(),
    supervisorVersion: device.version,
    addresses,
    metrics,
    isApplied: status.isApplied,
    apps: device.isLocalMode() ? undefined : reportedApps(apps),
  });
}
