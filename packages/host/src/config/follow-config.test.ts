import { describe, expect, it } from "vitest";
import type { SimulatedMachine } from "../machine/simulated-machine.ts";
import { configureAtBoot } from "./apply-config.ts";
import { DEVELOPMENT_FLAG } from "./areas/development.ts";
import { HOSTNAME_FILE } from "./areas/hostname.ts";
import { CONFIG_JSON, LAST_GOOD } from "./config-file.ts";
import { configured } from "./configured-machine.ts";
import { followConfig, lookAgain } from "./follow-config.ts";

const known = { uuid: "0123456789abcdef0123456789abcdef", developmentMode: true };

function running(config: unknown = known): SimulatedMachine {
  const machine = configured(JSON.stringify(config));
  configureAtBoot(machine);
  machine.commands.length = 0;
  machine.lines.length = 0;
  return machine;
}

const unitCommands = (machine: SimulatedMachine): readonly string[] =>
  machine.commands.filter((line) => line.startsWith("systemctl"));

describe("followConfig", () => {
  it("restarts only what depends on the changed key", () => {
    const machine = running();
    machine.put(CONFIG_JSON, JSON.stringify({ ...known, hostname: "pump" }));
    expect(followConfig(machine)).toBe(0);
    expect(unitCommands(machine)).toEqual([
      "systemctl --no-block restart holdfast-discovery.service",
      "systemctl --no-block try-restart avahi-daemon.service",
    ]);
    expect(machine.lines[0]).toBe("config.json changed");
  });

  it("does nothing and says nothing when nothing changed", () => {
    const machine = running();
    expect(followConfig(machine)).toBe(0);
    expect([machine.commands, machine.lines]).toEqual([[], []]);
  });

  it("closes development mode live", () => {
    const machine = running();
    machine.put(CONFIG_JSON, JSON.stringify({ ...known, developmentMode: false }));
    followConfig(machine);
    expect(machine.kindOf(DEVELOPMENT_FLAG)).toBeUndefined();
    expect(unitCommands(machine)).toEqual([
      "systemctl --no-block stop getty@tty1.service serial-getty@ttyS0.service",
      "systemctl --no-block restart holdfast-discovery.service",
    ]);
  });

  it("changes nothing for a broken or absent file, reports it once, and goes on failing", () => {
    for (const broken of ["{", undefined, "[]", "\0\0"]) {
      const machine = running();
      machine.remove(CONFIG_JSON);
      if (broken !== undefined) machine.put(CONFIG_JSON, broken);
      const files = (): unknown[] => [...machine.nodes].filter(([path]) => !path.endsWith("config-seen"));
      const before = files();
      expect(followConfig(machine)).toBe(1);
      expect(files()).toEqual(before);
      expect([unitCommands(machine), machine.lines.length]).toEqual([[], 2]);
      expect(followConfig(machine)).toBe(1);
      expect(machine.lines).toHaveLength(2);
      machine.put(CONFIG_JSON, JSON.stringify({ ...known, hostname: "mended" }));
      expect(followConfig(machine)).toBe(0);
      expect(machine.readText(HOSTNAME_FILE)).toBe("mended\n");
    }
  });

  it("waits until a file that is being written is whole", () => {
    const machine = running();
    const whole = JSON.stringify({ ...known, hostname: "slow" });
    machine.remove(CONFIG_JSON);
    let written = 0;
    const writing = {
      ...machine,
      sleep: (milliseconds: number) => {
        machine.sleep(milliseconds);
        written += 10;
        machine.put(CONFIG_JSON, whole.slice(0, written));
      },
    };
    expect(followConfig(writing)).toBe(0);
    expect(machine.readText(HOSTNAME_FILE)).toBe("slow\n");
    expect(machine.lines).toEqual(["config.json changed"]);
    expect(machine.now()).toBeLessThan(3000);
  });

  it("gives up on a writer that never ends, within 10 s", () => {
    const machine = running();
    machine.remove(CONFIG_JSON);
    let length = 0;
    const writing = {
      ...machine,
      sleep: (milliseconds: number) => {
        machine.sleep(milliseconds);
        length += 1;
        machine.put(CONFIG_JSON, "[".repeat(length));
      },
    };
    expect(followConfig(writing)).toBe(1);
    expect(machine.now()).toBeLessThan(10_000);
  });

  it("sees a change that comes while it runs", () => {
    const machine = running();
    machine.put(CONFIG_JSON, JSON.stringify({ ...known, hostname: "first" }));
    let changes = 0;
    const busy: SimulatedMachine = {
      ...machine,
      run: (argv, options) => {
        changes += 1;
        if (argv.includes("avahi-daemon.service") && changes < 20)
          machine.put(CONFIG_JSON, JSON.stringify({ ...known, hostname: "second" }));
        return machine.run(argv, options);
      },
    };
    expect(followConfig(busy)).toBe(0);
    expect(machine.readText(HOSTNAME_FILE)).toBe("second\n");
  });

  it("is run again for a change that systemd did not tell of, and only then", () => {
    const machine = running();
    machine.put(CONFIG_JSON, JSON.stringify({ ...known, hostname: "first" }));
    followConfig(machine);
    machine.commands.length = 0;
    expect(lookAgain(machine)).toBe(0);
    expect(machine.commands).toEqual([]);
    machine.put(CONFIG_JSON, JSON.stringify({ ...known, hostname: "second" }));
    expect(lookAgain(machine)).toBe(0);
    expect(machine.commands).toEqual(["systemctl --no-block start config-json.service"]);
  });

  it("keeps what a key said last when its value cannot be used, also over a reboot", () => {
    const machine = running({ ...known, hostname: "pump" });
    const wrong = JSON.stringify({ ...known, hostname: "not a name!", country: "DE" });
    machine.put(CONFIG_JSON, wrong);
    expect(followConfig(machine)).toBe(0);
    expect(machine.lines).toContain("config.json: hostname is ignored: not a host name");
    expect(machine.readText(HOSTNAME_FILE)).toBe("pump\n");
    expect(JSON.parse(machine.readText(LAST_GOOD) ?? "")).toEqual({ ...known, hostname: "pump", country: "DE" });
    expect(machine.readText(CONFIG_JSON)).toBe(wrong);
    configureAtBoot(machine);
    expect(machine.readText(HOSTNAME_FILE)).toBe("pump\n");
  });

  it("leaves alone what only a boot may change", () => {
    const machine = running();
    machine.put(CONFIG_JSON, JSON.stringify({ ...known, persistentLogging: true, os: { power: { mode: "low" } } }));
    followConfig(machine);
    expect(machine.kindOf("/run/holdfast/persistent-journal")).toBeUndefined();
    expect(machine.kindOf("/run/holdfast/power-mode")).toBeUndefined();
    expect(unitCommands(machine)).toEqual([]);
    configureAtBoot(configured(machine.readText(CONFIG_JSON)));
  });
});
