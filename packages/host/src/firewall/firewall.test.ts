import { DEFAULT_FIREWALL_WISH, type FirewallWish } from "@holdfast/contracts/host";
import { describe, expect, it } from "vitest";
import { SUPERVISOR_SETTINGS } from "../config/areas/supervisor.ts";
import { simulateMachine } from "../machine/simulated-machine.ts";
import { applyFirewall, WISH } from "./apply-firewall.ts";
import { firewallRules } from "./firewall-rules.ts";

const open: FirewallWish = { ...DEFAULT_FIREWALL_WISH, isApiOpen: true };
const rulesOf = (wish: FirewallWish, isDevelopment: boolean): string[] =>
  firewallRules(4, wish, { isDevelopment, listenPort: 48_484 })
    .split("\n")
    .filter((line) => line.startsWith("-A"))
    .map((line) => line.replace("-A BALENA-FIREWALL ", ""));

describe("firewallRules", () => {
  it("closes the device API to the network, in production whatever is wished", () => {
    for (const rules of [
      rulesOf(DEFAULT_FIREWALL_WISH, true),
      rulesOf(DEFAULT_FIREWALL_WISH, false),
      rulesOf(open, false),
    ]) {
      const reject = rules.indexOf("-p tcp --dport 48484 -j REJECT --reject-with tcp-reset");
      expect(rules.indexOf("-i supervisor0 -p tcp --dport 48484 -j ACCEPT")).toBeLessThan(reject);
      expect(rules.indexOf("-i resin-vpn -p tcp --dport 48484 -j ACCEPT")).toBeLessThan(reject);
      expect(reject).toBeGreaterThan(0);
    }
    expect(rulesOf(open, true)).toContain("-p tcp --dport 48484 -j ACCEPT");
    expect(rulesOf(open, true)).not.toContain("-p tcp --dport 48484 -j REJECT --reject-with tcp-reset");
  });

  it("follows the port of the device API, the one of config.json and the one that is left", () => {
    for (const port of [48_484, 4242]) {
      const rules = rulesOf({ ...DEFAULT_FIREWALL_WISH, apiPort: 4242 }, false);
      expect(rules).toContain(`-p tcp --dport ${port} -j REJECT --reject-with tcp-reset`);
      expect(rules).toContain(`-i supervisor0 -p tcp --dport ${port} -j ACCEPT`);
      expect(rulesOf({ ...open, apiPort: 4242 }, true)).toContain(`-p tcp --dport ${port} -j ACCEPT`);
    }
    expect(rulesOf(DEFAULT_FIREWALL_WISH, false).filter((rule) => rule.includes("-j REJECT --reject"))).toHaveLength(1);
  });

  it("refuses the rest only when it is on, and never ssh", () => {
    const last = (wish: Partial<FirewallWish>) => rulesOf({ ...DEFAULT_FIREWALL_WISH, ...wish }, false).at(-1);
    expect(last({ mode: "off", hasHostServices: true })).toBe("-j RETURN");
    expect(last({ mode: "auto" })).toBe("-j RETURN");
    expect(last({ mode: "auto", hasHostServices: true })).toBe("-j REJECT");
    expect(last({ mode: "on" })).toBe("-j REJECT");
    expect(rulesOf({ ...DEFAULT_FIREWALL_WISH, mode: "on" }, false)).toContain("-p tcp --dport 22222 -j ACCEPT");
  });

  it("is complete for iptables-restore in both families", () => {
    for (const family of [4, 6] as const) {
      const lines = firewallRules(
        family,
        { ...DEFAULT_FIREWALL_WISH, mode: "on" },
        { isDevelopment: false, listenPort: 80 },
      ).split("\n");
      expect([lines[0], lines[1], lines.at(-2), lines.at(-1)]).toEqual([
        "*filter",
        ":BALENA-FIREWALL - [0:0]",
        "COMMIT",
        "",
      ]);
    }
  });
});

describe("applyFirewall", () => {
  it("replaces the chain and puts it before INPUT's other rules once", () => {
    let isThere = false;
    let rules = "";
    const machine = simulateMachine((argv, _, { input = "" }) => {
      if (argv[0] === "iptables-restore") rules = input;
      if (argv.includes("-I")) isThere = true;
      return { status: argv.includes("-C") && !isThere ? 1 : 0 };
    });
    machine.put(WISH, '{"mode":"on"}');
    machine.put(SUPERVISOR_SETTINGS, '{"port":4242,"environment":{}}');
    expect(applyFirewall(machine)).toBe(0);
    expect(machine.commands).toContain("iptables-restore --wait 5 --noflush");
    expect(rules).toContain("-i supervisor0 -p tcp --dport 4242 -j ACCEPT");
    expect(machine.commands).toContain("iptables --wait 5 -I INPUT 1 -j BALENA-FIREWALL");
    machine.commands.length = 0;
    applyFirewall(machine);
    expect(machine.commands.filter((line) => line.includes(" -I "))).toEqual([]);
  });

  it("says so when the kernel refuses", () => {
    const machine = simulateMachine((argv) => ({ status: argv[0] === "ip6tables-restore" ? 2 : 0 }));
    machine.put(SUPERVISOR_SETTINGS, '{"port":4242,"environment":{}}');
    expect(applyFirewall(machine)).toBe(1);
    expect(machine.lines).toEqual(["the IPv6 firewall cannot be set"]);
  });
});
