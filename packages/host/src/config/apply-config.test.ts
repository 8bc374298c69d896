import { describe, expect, it } from "vitest";
import { PowerCut, type SimulatedMachine, simulateMachine } from "../machine/simulated-machine.ts";
import { applyConfig } from "./apply-config.ts";
import { DEVELOPMENT_FLAG } from "./areas/development.ts";
import { HOSTNAME_FILE } from "./areas/hostname.ts";

const CONFIG = "/mnt/boot/config.json";
const LAST_GOOD = "/mnt/state/config.json";
const factory = '{"deviceType":"generic-amd64","persistentLogging":false,"developmentMode":true}';

function device(config: string | undefined, options: { cutAfter?: number } = {}): SimulatedMachine {
  const machine = simulateMachine(() => undefined, options);
  if (config !== undefined) machine.put(CONFIG, config);
  machine.put("/mnt/boot/device-type.json", '{"slug":"generic-amd64"}');
  machine.put("/mnt/state/root-overlay/etc/openvpn/x", "");
  machine.put("/proc/sys/kernel/random/uuid", "01234567-89ab-4cde-8f01-23456789abcd\n");
  machine.put("/proc/sys/kernel/hostname", "localhost\n");
  machine.put("/sys/class/tty/console/active", "ttyS0 tty0\n");
  machine.put("/run/holdfast/boot.json", "{}");
  return machine;
}

const configOf = (machine: SimulatedMachine): Record<string, unknown> => JSON.parse(machine.readText(CONFIG) ?? "null");

describe("applyConfig while booting", () => {
  it("gives the device a uuid and a name, and keeps every other key", () => {
    const machine = device(factory);
    expect(applyConfig(machine, "boot")).toBe(0);
    expect(configOf(machine)).toEqual({ ...JSON.parse(factory), uuid: "0123456789ab4cde8f0123456789abcd" });
    expect(machine.readText("/proc/sys/kernel/hostname")).toBe("0123456");
    expect(machine.commands).toContain("systemctl --no-block start getty@tty1.service serial-getty@ttyS0.service");
    machine.put("/proc/sys/kernel/random/uuid", "ffffffff-89ab-4cde-8f01-23456789abcd\n");
    applyConfig(machine, "boot");
    expect(configOf(machine)["uuid"]).toBe("0123456789ab4cde8f0123456789abcd");
  });

  it("restores a lost file from the last good copy, else comes up with factory defaults", () => {
    const machine = device(undefined);
    machine.put(LAST_GOOD, '{"uuid":"0123456789abcdef0123456789abcdef","hostname":"pump"}');
    applyConfig(machine, "boot");
    expect(configOf(machine)["hostname"]).toBe("pump");
    const bare = device(undefined);
    applyConfig(bare, "boot");
    expect(configOf(bare)).toMatchObject({ deviceType: "generic-amd64", persistentLogging: false });
    expect(bare.lines.join()).toContain("factory defaults");
  });

  it("finishes a write that a cut left under its temporary name", () => {
    const machine = device(undefined);
    machine.put(`${CONFIG}.new`, '{"uuid":"0123456789abcdef0123456789abcdef","hostname":"newer"}');
    machine.put(LAST_GOOD, '{"hostname":"older"}');
    applyConfig(machine, "boot");
    expect(configOf(machine)["hostname"]).toBe("newer");
  });

  it("follows the last good copy when the file is broken, and leaves the file to its owner", () => {
    const machine = device("{ broken");
    machine.put(LAST_GOOD, '{"uuid":"0123456789abcdef0123456789abcdef","hostname":"pump"}');
    machine.put(CONFIG, "{ broken");
    applyConfig(machine, "boot");
    expect(machine.readText(HOSTNAME_FILE)).toBe("pump\n");
    expect(machine.lines[0]).toContain("config.json is not valid");
    expect(machine.readText(CONFIG)).toBe("{ broken");
    const bare = device("{ broken");
    expect(applyConfig(bare, "boot")).toBe(0);
    expect(bare.readText(CONFIG)).toBe("{ broken");
    expect(bare.readText(LAST_GOOD)).toBeUndefined();
  });

  it("ends in the same state after a power cut at any step", () => {
    for (let cutAfter = 0; ; cutAfter += 1) {
      const machine = device(factory, { cutAfter });
      let wasCut = false;
      try {
        applyConfig(machine, "boot");
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
        wasCut = true;
      }
      const after = device(machine.readText(CONFIG));
      for (const path of [`${CONFIG}.new`, LAST_GOOD, `${LAST_GOOD}.new`, HOSTNAME_FILE]) {
        const text = machine.readText(path);
        if (text !== undefined) after.put(path, text);
      }
      expect(applyConfig(after, "boot")).toBe(0);
      expect(configOf(after)).toMatchObject({ deviceType: "generic-amd64", developmentMode: true });
      expect(after.readText(HOSTNAME_FILE)).toBe("0123456\n");
      if (!wasCut) break;
    }
  });
});

describe("applyConfig on a change", () => {
  const known = '{"uuid":"0123456789abcdef0123456789abcdef","developmentMode":true}';

  it("restarts only what depends on the changed key", () => {
    const machine = device(known);
    applyConfig(machine, "boot");
    machine.commands.length = 0;
    machine.put(CONFIG, known.replace("}", ',"hostname":"pump"}'));
    applyConfig(machine, "change");
    expect(machine.commands.filter((line) => line.startsWith("systemctl"))).toEqual([
      "systemctl --no-block try-restart avahi-daemon.service",
    ]);
    expect(machine.lines).toContain("config.json changed");
  });

  it("closes development mode live", () => {
    const machine = device(known);
    applyConfig(machine, "boot");
    machine.put(CONFIG, known.replace("true", "false"));
    applyConfig(machine, "change");
    expect(machine.kindOf(DEVELOPMENT_FLAG)).toBeUndefined();
    expect(machine.commands).toContain("systemctl --no-block stop getty@tty1.service serial-getty@ttyS0.service");
  });

  it("changes nothing for a broken or absent file", () => {
    for (const broken of ["{", undefined]) {
      const machine = device(known);
      applyConfig(machine, "boot");
      machine.remove(CONFIG);
      if (broken !== undefined) machine.put(CONFIG, broken);
      const before = new Map(machine.nodes);
      expect(applyConfig(machine, "change")).toBe(1);
      expect(machine.nodes).toEqual(before);
    }
  });
});
