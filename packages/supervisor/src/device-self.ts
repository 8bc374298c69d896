import type { DeviceSelf } from "./api/v1-device.ts";
import type { ApplyLoop } from "./apply/apply-loop.ts";
import type { FleetSide } from "./cloud/fleet-side.ts";
import { readAddresses } from "./cloud/report/addresses.ts";
import { readVpn } from "./host/vpn-state.ts";
import type { DeviceFacts } from "./spec/device-facts.ts";

/** What the device tells of itself, by those who know it. */
export function deviceSelf({ version, rootMount, loop, facts, fleet }: Parts): DeviceSelf {
  return {
    version,
    status: () => loop.status(),
    apiPort: () => facts().listenPort,
    osVersion: () => facts().osVersion,
    addresses: () => readAddresses(),
    vpn: () => readVpn(rootMount, facts().apiEndpoint !== "" && fleet.config().vpnControl),
    hasFailed: () => loop.hasFailed(),
  };
}

type Parts = {
  readonly version: string;
  readonly rootMount: string;
  readonly loop: ApplyLoop;
  readonly facts: () => DeviceFacts;
  readonly fleet: FleetSide;
};
