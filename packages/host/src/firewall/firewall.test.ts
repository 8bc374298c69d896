import { DEFAULT_FIREWALL_WISH, type FirewallWish } from "@holdfast/contracts/host";
import { describe, expect, it } from "vitest";
import { simulateMachine } from "../machine/simulated-machine.ts";
import { applyFirewall, WISH } from "./apply-firewall.ts";
import { firewallRules } from "./firewall-rules.ts";

const open: FirewallWish = { ...DEFAULT_FIREWALL_WISH, isApiOpen: true };
const rulesOf = (wish: FirewallWish, isDevelopment: boolean): string[] =>
  firewallRules(4, wish, isDevelopment)
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

  it("follows the port of the device API", () => {
    expect(rulesOf({ ...DEFAULT_FIREWALL_WISH, apiPort: 4242 }, false)).toContain(
      "-p tcp --dport 4242 -j REJECT --reject-with tcp-reset",
    );
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
      const lines = firewallRules(family, { ...DEFAULT_FIREWALL_WISH, mode: "on" }, false).split("\n");
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
    const machine = simulateMachine((argv) => {
      if (argv.includes("-I")) isThere = true;
      return { status: argv.includes("-C") && !isThere ? 1 : 0 };
    });
    machine.put(WISH, '{"mode":"on"}');
    expect(applyFirewall(machine)).toBe(0);
    expect(machine.commands).toContain("iptables-restore --wait 5 --noflush");
    expect(machine.commands).toContain("iptables --wait 5 -I INPUT 1 -j BALENA-FIREWALL");
    machine.commands.length = 0;
    applyFirewall(machine);
    expect(machine.commands.filter((line) => line.includes(" -I "))).toEqual([]);
  });

  it("says so when the kernel refuses", () => {
    const machine = simulateMachine((argv) => ({ status: argv[0] === "ip6tables-restore" ? 2 : 0 }));
    expect(applyFirewall(machine)).toBe(1);
    expect(machine.lines).toEqual(["the IPv6 firewall cannot be set"]);
  });
});
