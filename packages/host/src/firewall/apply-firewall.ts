import { parseFirewallWish } from "@holdfast/contracts/host";
import { DEVELOPMENT_FLAG } from "../config/areas/development.ts";
import { readSupervisorSettings } from "../config/areas/supervisor.ts";
import { exists, type Machine } from "../machine/machine.ts";
import { CHAIN, firewallRules } from "./firewall-rules.ts";

/** Written by the supervisor; on the state partition, so that it holds from the next boot's first moment. */
export const WISH = "/etc/balena-supervisor/firewall.json";

const tools = { 4: "iptables", 6: "ip6tables" } as const;

function apply(machine: Machine, family: 4 | 6, rules: string): boolean {
  const tool = tools[family];
  // The chain is replaced in one transaction: no packet meets half of it.
  if (machine.run([`${tool}-restore`, "--wait", "5", "--noflush"], { input: rules }).status !== 0) return false;
  // Its place among the rules of INPUT stays as it is; a new one goes first.
  if (machine.run([tool, "--wait", "5", "-C", "INPUT", "-j", CHAIN], { quiet: true }).status === 0) return true;
  return machine.run([tool, "--wait", "5", "-I", "INPUT", "1", "-j", CHAIN]).status === 0;
}

/** Brings the firewall to what the supervisor wishes and development mode lets. @returns the exit status */
export function applyFirewall(machine: Machine): number {
  const wish = parseFirewallWish(machine.readText(WISH));
  const isDevelopment = exists(machine, DEVELOPMENT_FLAG);
  const { port: listenPort } = readSupervisorSettings(machine);
  const failed = ([4, 6] as const).filter(
    (family) => !apply(machine, family, firewallRules(family, wish, { isDevelopment, listenPort })),
  );
  for (const family of failed) machine.log(`the IPv${family} firewall cannot be set`);
  return failed.length === 0 ? 0 : 1;
}
