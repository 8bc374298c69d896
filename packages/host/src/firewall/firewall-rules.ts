import type { FirewallWish } from "@holdfast/contracts/host";

/** The device contract: tools look for this chain. */
export const CHAIN = "BALENA-FIREWALL";

/** From here the device API may be asked, whatever the mode: itself, its containers, the tunnel to the fleet server. */
const API_INTERFACES = ["lo", "supervisor0", "balena0", "docker0", "resin-vpn", "tun0"];
/** Where containers ask the resolver. */
const RESOLVER_INTERFACES = ["lo", "resin-dns", "balena0", "docker0", "supervisor0", "br+"];
const SSH_PORT = 22_222;
const ENGINE_PORT = 2375;

/** What the host knows better than the supervisor, or earlier. */
export type FirewallFacts = {
  readonly isDevelopment: boolean;
  /** Where config.json has the supervisor listen; its wish names the port where it listens still. Both are meant. */
  readonly listenPort: number;
};

/**
 * The chain's rules in the form of iptables-restore, for IPv4 or IPv6. In every mode the device API is closed to the
 * network unless the device is in development mode and in local mode, and the resolver serves the device's own
 * containers only; `on` refuses all else but ssh, the engine's port and what a host needs to be one. Pure.
 */
export function firewallRules(family: 4 | 6, wish: FirewallWish, facts: FirewallFacts): string {
  const accept = (match: string): string => `${match} -j ACCEPT`;
  const isOn = wish.mode === "on" || (wish.mode === "auto" && wish.hasHostServices);
  const ports = [...new Set([facts.listenPort, wish.apiPort])].map((port) => `-p tcp --dport ${port}`);
  const rules = [
    accept("-m conntrack --ctstate ESTABLISHED,RELATED"),
    accept("-m addrtype --src-type LOCAL"),
    ...ports.flatMap((api) =>
      wish.isApiOpen && facts.isDevelopment
        ? [accept(api)]
        : [...API_INTERFACES.map((name) => accept(`-i ${name} ${api}`)), `${api} -j REJECT --reject-with tcp-reset`],
    ),
    ...["udp", "tcp"].flatMap((protocol) => [
      ...RESOLVER_INTERFACES.map((name) => accept(`-i ${name} -p ${protocol} --dport 53`)),
      // Another host on the link could otherwise reach the bridge's address through this device.
      ...(family === 4 ? [`-d 10.114.102.1 -p ${protocol} --dport 53 -j REJECT`] : []),
    ]),
    // redsocks serves what the rules of the proxy send there, and nobody who asks it by its address.
    ...(family === 4 ? [accept("-d 10.114.103.1 -m conntrack --ctstate DNAT"), "-d 10.114.103.1 -j REJECT"] : []),
    ...(isOn ? restOf(family).map(accept) : []),
    isOn ? "-j REJECT" : "-j RETURN",
  ];
  return ["*filter", `:${CHAIN} - [0:0]`, ...rules.map((rule) => `-A ${CHAIN} ${rule}`), "COMMIT", ""].join("\n");
}

function restOf(family: 4 | 6): readonly string[] {
  return [
    `-p tcp --dport ${SSH_PORT}`,
    `-p tcp --dport ${ENGINE_PORT}`,
    "-m addrtype --dst-type MULTICAST",
    family === 4 ? "-p icmp" : "-p ipv6-icmp",
    // Answers to DHCP come from a server that was asked by broadcast, so they belong to no known connection.
    family === 4 ? "-p udp --sport 67 --dport 68" : "-p udp --dport 546",
  ];
}
