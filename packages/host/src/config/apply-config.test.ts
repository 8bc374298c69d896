import { describe, expect, it } from "vitest";
import { PowerCut, type SimulatedMachine } from "../machine/simulated-machine.ts";
import { configureAtBoot } from "./apply-config.ts";
import { HOSTNAME_FILE, KERNEL_HOSTNAME } from "./areas/hostname.ts";
import { SUPERVISOR_SETTINGS } from "./areas/supervisor.ts";
import { CONFIG_JSON, LAST_GOOD } from "./config-file.ts";
import { configOf, configured } from "./configured-machine.ts";
import { followConfig } from "./follow-config.ts";

const factory = '{"deviceType":"generic-amd64","persistentLogging":false,"developmentMode":true}';
const uuid = "0123456789abcdef0123456789abcdef";

describe("configureAtBoot", () => {
  it("gives the device a uuid and a name, and keeps every other key", () => {
    const machine = configured(factory);
    expect(configureAtBoot(machine)).toBe(0);
    expect(configOf(machine)).toEqual({ ...JSON.parse(factory), uuid: "0123456789ab4cde8f0123456789abcd" });
    expect(machine.readText(KERNEL_HOSTNAME)).toBe("0123456");
    expect(machine.commands).toContain("systemctl --no-block start getty@tty1.service serial-getty@ttyS0.service");
    machine.put("/proc/sys/kernel/random/uuid", "ffffffff-89ab-4cde-8f01-23456789abcd\n");
    configureAtBoot(machine);
    expect(configOf(machine)["uuid"]).toBe("0123456789ab4cde8f0123456789abcd");
  });

  it("puts back a uuid that was left out, but makes one for a device that is set up anew", () => {
    const before = (key: object) => {
      const machine = configured(JSON.stringify({ hostname: "pump", ...key }));
      machine.put(LAST_GOOD, JSON.stringify({ uuid, deviceApiKey: "key" }));
      configureAtBoot(machine);
      return configOf(machine)["uuid"];
    };
    expect(before({ deviceApiKey: "key" })).toBe(uuid);
    expect(before({ deviceApiKey: "other" })).not.toBe(uuid);
    expect(before({ apiKey: "provisioning" })).not.toBe(uuid);
    const unmanaged = configured('{"hostname":"pump"}');
    unmanaged.put(LAST_GOOD, JSON.stringify({ uuid }));
    configureAtBoot(unmanaged);
    expect(configOf(unmanaged)["uuid"]).toBe(uuid);
  });

  it.each([undefined, "", " \n", "\0".repeat(512)])("restores a lost file (%j) from the last good copy", (lost) => {
    const machine = configured(lost);
    machine.put(LAST_GOOD, `{"uuid":"${uuid}","hostname":"pump"}`);
    expect(configureAtBoot(machine)).toBe(0);
    expect(configOf(machine)["hostname"]).toBe("pump");
    expect(machine.lines).toContain("config.json was lost: restored the last good copy");
  });

  it("comes up with factory defaults when there is no copy, and says so", () => {
    const machine = configured(undefined);
    configureAtBoot(machine);
    expect(configOf(machine)).toMatchObject({ deviceType: "generic-amd64", persistentLogging: false });
    expect(machine.lines.join()).toContain("factory defaults");
  });

  it("finishes a write that a cut left under its temporary name, and removes one that is out of date", () => {
    const machine = configured(undefined);
    machine.put(`${CONFIG_JSON}.new`, `{"uuid":"${uuid}","hostname":"newer"}`);
    machine.put(LAST_GOOD, '{"hostname":"older"}');
    configureAtBoot(machine);
    expect(configOf(machine)["hostname"]).toBe("newer");
    machine.put(`${CONFIG_JSON}.new`, '{"hostname":"never finished"}');
    configureAtBoot(machine);
    expect(machine.kindOf(`${CONFIG_JSON}.new`)).toBeUndefined();
    expect(configOf(machine)["hostname"]).toBe("newer");
  });

  it("follows the last good copy when the file is broken, and leaves the file to its owner", () => {
    const machine = configured("{ broken");
    machine.put(LAST_GOOD, `{"uuid":"${uuid}","hostname":"pump"}`);
    configureAtBoot(machine);
    expect(machine.readText(HOSTNAME_FILE)).toBe("pump\n");
    expect(machine.lines[0]).toBe(
      "config.json is not valid, nothing was changed: line 1, column 3: expected a key in quotes",
    );
    expect(machine.readText(CONFIG_JSON)).toBe("{ broken");
    const bare = configured("{ broken");
    expect(configureAtBoot(bare)).toBe(0);
    expect(bare.readText(CONFIG_JSON)).toBe("{ broken");
    expect(bare.readText(LAST_GOOD)).toBeUndefined();
  });

  it("comes up without a boot partition, and asks to be tried again; then units follow what they could not know", () => {
    const machine = configured(undefined);
    machine.put(LAST_GOOD, `{"uuid":"${uuid}","hostname":"pump"}`);
    const missing = { ...machine, writeText: failBelow("/mnt/boot", machine) };
    expect(configureAtBoot(missing)).toBe(1);
    expect(machine.readText(HOSTNAME_FILE)).toBe("pump\n");
    machine.put(CONFIG_JSON, `{"uuid":"${uuid}","hostname":"valve"}`);
    machine.commands.length = 0;
    expect(configureAtBoot(machine)).toBe(0);
    expect(machine.commands).toContain("systemctl --no-block try-restart avahi-daemon.service");
  });

  it("renders everything else when one file cannot be written", () => {
    const machine = configured(`{"uuid":"${uuid}"}`);
    const broken = { ...machine, writeText: failBelow("/mnt/state/root-overlay", machine) };
    expect(() => configureAtBoot(broken)).toThrow("read-only");
    expect(machine.readText(SUPERVISOR_SETTINGS)).toContain("48484");
  });

  it("ends in the same state after a power cut at any step", () => {
    const config = JSON.stringify({ ...JSON.parse(factory), hostname: "pump", os: { udevRules: { "50-x": "A" } } });
    untilWhole((cutAfter) => {
      const machine = configured(config, { cutAfter });
      const wasCut = survives(() => configureAtBoot(machine));
      const after = powerOn(machine);
      expect(configureAtBoot(after)).toBe(0);
      expect(configOf(after)).toMatchObject({ deviceType: "generic-amd64", developmentMode: true, hostname: "pump" });
      expect(after.readText(HOSTNAME_FILE)).toBe("pump\n");
      expect(after.readText("/etc/udev/rules.d/50-x.rules")).toBe("A\n");
      return wasCut;
    });
  });
});

describe("a power cut while a change is followed", () => {
  it("leaves the old or the new configuration in the copy, and the next boot follows the file", () => {
    const old = `{"uuid":"${uuid}","hostname":"old"}`;
    const fresh = `{"uuid":"${uuid}","hostname":"fresh"}`;
    untilWhole((cutAfter) => {
      const before = configured(old);
      configureAtBoot(before);
      const machine = configured(fresh, { cutAfter });
      for (const [path, node] of before.nodes) if (path !== CONFIG_JSON) machine.nodes.set(path, node);
      const wasCut = survives(() => followConfig(machine));
      expect([old, fresh]).toContain(machine.readText(LAST_GOOD));
      const after = powerOn(machine);
      configureAtBoot(after);
      expect(after.readText(HOSTNAME_FILE)).toBe("fresh\n");
      expect(after.readText(LAST_GOOD)).toBe(fresh);
      // And had the file been lost in the cut, there would still be one.
      const lost = powerOn(machine);
      lost.remove(CONFIG_JSON);
      configureAtBoot(lost);
      expect(["old\n", "fresh\n"]).toContain(lost.readText(HOSTNAME_FILE));
      return wasCut;
    });
  });
});

function failBelow(folder: string, machine: SimulatedMachine): SimulatedMachine["writeText"] {
  return (path, text, mode) => {
    if (path.startsWith(folder)) throw new Error(`${path}: read-only file system`);
    machine.writeText(path, text, mode);
  };
}

/** Runs it at every step until it is not cut any more. */
function untilWhole(run: (cutAfter: number) => boolean): void {
  let cutAfter = 0;
  while (run(cutAfter)) cutAfter += 1;
  expect(cutAfter).toBeGreaterThan(10);
}

function survives(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error;
    return true;
  }
}

/** The machine after a boot: what is on flash is there, and nothing else. */
function powerOn(machine: SimulatedMachine): SimulatedMachine {
  const after = configured(undefined);
  for (const [path, node] of machine.nodes) if (/^\/(mnt|etc|root|usr)\//.test(path)) after.nodes.set(path, node);
  return after;
}
