import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDeviceConfig } from "./device-config.ts";

const parse = (config: Record<string, string>) => parseDeviceConfig(config, { pollIntervalMs: 900_000 });

describe("the device configuration", () => {
  it("has the contract's defaults", () => {
    expect(parse({ UNKNOWN: "1" })).toEqual({
      problems: [],
      values: {
        pollIntervalMs: 900_000,
        instantUpdates: true,
        localMode: false,
        connectivityCheck: true,
        loggingEnabled: true,
        apiRequestTimeoutMs: 59_000,
        lockOverride: false,
        persistentLogging: false,
        firewallMode: "off",
        hostDiscoverability: true,
        hardwareMetrics: true,
        vpnControl: true,
        delta: {
          isOn: false,
          version: 2,
          requestTimeoutMs: 59_000,
          applyTimeoutMs: 0,
          retryCount: 30,
          retryIntervalMs: 10_000,
        },
      },
    });
  });

  it.each(["BALENA_", "RESIN_", ""])("takes variables with the prefix '%s'", (prefix) => {
    const { values } = parse({
      [`${prefix}SUPERVISOR_POLL_INTERVAL`]: "600000",
      [`${prefix}SUPERVISOR_LOCAL_MODE`]: "1",
      [`${prefix}SUPERVISOR_LOG_CONTROL`]: "off",
      [`${prefix}OVERRIDE_LOCK`]: "TRUE",
      [`${prefix}HOST_FIREWALL_MODE`]: "auto",
    });
    expect(values).toMatchObject({
      pollIntervalMs: 600_000,
      localMode: true,
      loggingEnabled: false,
      lockOverride: true,
      firewallMode: "auto",
    });
  });

  it("prefers the new prefix", () => {
    expect(parse({ RESIN_SUPERVISOR_DELTA: "1", BALENA_SUPERVISOR_DELTA: "0" }).values.delta.isOn).toBe(false);
  });

  it.each([
    ["SUPERVISOR_POLL_INTERVAL", "soon"],
    ["SUPERVISOR_POLL_INTERVAL", "0"],
    ["SUPERVISOR_POLL_INTERVAL", "1e99"],
    ["SUPERVISOR_LOCAL_MODE", "perhaps"],
    ["HOST_FIREWALL_MODE", "open"],
    ["SUPERVISOR_DELTA_VERSION", "4"],
  ])("takes the default for %s=%s, and says so", (name, value) => {
    const { values, problems } = parse({ [`BALENA_${name}`]: value });
    expect(values).toEqual(parse({}).values);
    expect(problems).toEqual([`Ignoring invalid device configuration value for ${name}`]);
  });

  it("never throws, and never leaves its bounds, whatever a fleet writes", () => {
    const names = fc.constantFrom(
      "SUPERVISOR_POLL_INTERVAL",
      "RESIN_SUPERVISOR_API_REQUEST_TIMEOUT",
      "HOST_FIREWALL_MODE",
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.oneof(names, fc.string()), fc.oneof(fc.string(), fc.integer().map(String))),
        (config) => {
          const { pollIntervalMs, apiRequestTimeoutMs, firewallMode } = parse(config).values;
          expect(pollIntervalMs).toBeGreaterThanOrEqual(1000);
          expect(pollIntervalMs).toBeLessThanOrEqual(86_400_000);
          expect(apiRequestTimeoutMs).toBeGreaterThanOrEqual(1000);
          expect(["on", "off", "auto"]).toContain(firewallMode);
        },
      ),
    );
  });
});
