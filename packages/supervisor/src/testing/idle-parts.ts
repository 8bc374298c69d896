import type { ApiParts } from "../api/routes.ts";
import type { ApplyStatus } from "../apply/apply-loop.ts";
import { Counters } from "../telemetry/counters.ts";

/** The state of a device that has not looked at its engine yet. */
const nothingSeen: ApplyStatus = {
  current: undefined,
  desired: undefined,
  running: new Map(),
  progress: new Map(),
  plan: { steps: [], waits: [] },
  isApplied: false,
  lastRoundAt: 0,
};

/** Parts of the device API behind which there is no device: what acts or asks fails. */
export function idleParts(): ApiParts {
  const never = () => Promise.reject(new Error("nothing is behind this"));
  const status = () => nothingSeen;
  return {
    device: {
      version: "",
      info: () => ({ arch: "", deviceType: "" }),
      name: () => "",
      isLocalMode: () => false,
      isHealthy: () => false,
      status,
      localTarget: () => undefined,
      setLocalTarget: never,
    },
    self: {
      version: "",
      status,
      apiPort: () => 0,
      osVersion: () => "",
      addresses: never,
      vpn: never,
      hasFailed: () => false,
    },
    actions: {
      status,
      carryOut: never,
      reboot: never,
      shutdown: never,
      update: () => false,
      replaceKey: never,
      environmentOf: never,
      removeVolume: never,
    },
    hostConfig: { read: never, write: never },
    host: { withLocks: never },
    tags: () => undefined,
    builds: { announce: never, receive: never, build: never },
    takesBuilds: () => false,
    updates: {
      status,
      failureOf: () => undefined,
      isHolding: () => false,
      waiting: () => undefined,
      hold: never,
      release: never,
    },
    logs: { listen: () => () => {} },
    journalctl: [],
    network: { ask: never },
    openApiFile: "/nonexistent/openapi.json",
    metrics: {
      version: "1.2.3",
      osVersion: () => "1.0",
      isHealthy: () => true,
      status,
      counters: new Counters(),
      fleet: () => undefined,
      hardware: { read: async () => ({}) },
      monotonic: () => 0,
    },
    events: { count: () => 0, listen: () => () => {} },
  };
}
