import { existsSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dropTargetConfig } from "../cloud/target/target-config-drop.ts";
import { ConfigJsonFile } from "../device/config-json-file.ts";
import { RebootRequired } from "../host/reboot-required.ts";
import { recordingLog, scratchDirectory } from "../testing/scratch.ts";
import { DeviceConfigInForce } from "./device-config-in-force.ts";
import { switchPersistentLogging } from "./persistent-logging.ts";

describe("the device configuration in force", () => {
  it("tells what it changes, and what cannot be used once", async () => {
    const told: string[] = [];
    const applied: object[] = [];
    const config = new DeviceConfigInForce({
      pollIntervalMs: 900_000,
      log: recordingLog(),
      tell: (message) => void told.push(message),
      apply: async (_, variables) => void applied.push(variables),
    });
    const variables = { SUPERVISOR_LOG_CONTROL: "0", SUPERVISOR_DELTA: "x" };
    await config.adopt(variables);
    await config.adopt(variables);
    await config.again();
    expect(config.values()).toMatchObject({ loggingEnabled: false, pollIntervalMs: 900_000 });
    expect(applied).toEqual([variables, variables, variables]);
    expect(told).toEqual([
      "Ignoring invalid device configuration value for SUPERVISOR_DELTA",
      'Applying configuration change {"loggingEnabled":false}',
      'Applied configuration change {"loggingEnabled":false}',
    ]);
  });

  it("holds although something of it cannot be carried out", async () => {
    const told: string[] = [];
    const config = new DeviceConfigInForce({
      pollIntervalMs: 900_000,
      log: recordingLog(),
      tell: (message) => void told.push(message),
      apply: () => Promise.reject(new Error("read-only")),
    });
    await config.adopt({ SUPERVISOR_LOCAL_MODE: "1" });
    expect(config.values().localMode).toBe(true);
    expect(told.at(-1)).toBe("Error applying configuration change: read-only");
  });
});

describe("persistent logging", () => {
  it("is written to config.json once, and marked as waiting for a reboot", async () => {
    await using scratch = await scratchDirectory();
    const path = join(scratch.path, "config.json");
    await writeFile(path, '{"uuid":"a","persistentLogging":"true"}');
    const told: string[] = [];
    const runtimeDir = join(scratch.path, "run");
    const required = new RebootRequired(runtimeDir);
    const parts = { configJson: new ConfigJsonFile(path), required, tell: (line: string) => void told.push(line) };
    await switchPersistentLogging(true, parts);
    expect([existsSync(runtimeDir), told]).toEqual([false, []]);
    await switchPersistentLogging(false, parts);
    await switchPersistentLogging(false, parts);
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual({ uuid: "a", persistentLogging: false });
    expect(told).toEqual(['Reboot has been scheduled to apply changes: {"persistentLogging":false}']);
    expect(await required.reason()).toBe('{"persistentLogging":false}');
  });
});

describe("the target's configuration for the host", () => {
  it("is there under plain names too, for root only", async () => {
    await using scratch = await scratchDirectory();
    await dropTargetConfig(scratch.path, { RESIN_SUPERVISOR_OVERRIDE_LOCK: "true", RESIN_OVERRIDE_LOCK: "false" });
    const path = join(scratch.path, "target-state-config");
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({
      SUPERVISOR_OVERRIDE_LOCK: "true",
      RESIN_OVERRIDE_LOCK: "false",
    });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});
