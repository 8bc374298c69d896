import { DNSU2T_PORT, type ProxySettings, REDSOCKS_ADDRESS, REDSOCKS_PORT } from "@holdfast/contracts/host";

/** The device contract: tools look for this chain of the table nat. */
const CHAIN = "REDSOCKS";

/** The device contract: what lies on the local networks is reached without the proxy. */
const LOCAL_NETWORKS = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "224.0.0.0/4",
  "240.0.0.0/4",
];

/**
 * Where the chain hangs. Packets of redsocks itself would go round in circles, and only the device's own containers are
 * served: a stranger who names the device as his gateway must not get through the proxy with the device's login.
 */
export const JUMPS: readonly (readonly string[])[] = [
  ["OUTPUT", "-m", "owner", "!", "--uid-owner", "redsocks", "-j", CHAIN],
  ...["balena0", "docker0", "br-+"].map((bridge) => ["PREROUTING", "-i", bridge, "-j", CHAIN]),
];

/** dnsu2t asks over TCP: that, too, must go through the proxy, though redsocks's own packets do not otherwise. */
export const dnsJump = (): readonly string[] => [
  "OUTPUT",
  ...["-p", "tcp", "-m", "owner", "--uid-owner", "redsocks", "-j", `${CHAIN}-DNS`],
];

/** The lines of no_proxy that are addresses or networks, those that are names, and those that are neither. */
export type NoProxy = {
  readonly networks: readonly string[];
  readonly names: readonly string[];
  readonly refused: readonly number[];
};

const isNetwork = (line: string): boolean => {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(line);
  return match?.slice(1, 5).every((part) => Number(part) < 256) === true && Number(match[5] ?? 32) <= 32;
};

/** Reads no_proxy: one host or subnet per line. Pure. */
export function parseNoProxy(text: string): NoProxy {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/#.*/, "").trim());
  const isName = (line: string): boolean =>
    /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(line) && !/^[\d.]+$/.test(line);
  return {
    networks: lines.filter(isNetwork),
    names: lines.filter(isName),
    refused: lines.flatMap((line, at) => (line === "" || isNetwork(line) || isName(line) ? [] : [at + 1])),
  };
}

/** The chains in the form of iptables-restore, which takes all of it or nothing; without settings they are empty. Pure. */
export function proxyRules(settings: ProxySettings | undefined, bypass: readonly string[]): string {
  const to = (port: number): string => `-j DNAT --to-destination ${REDSOCKS_ADDRESS}:${port}`;
  const rules =
    settings === undefined
      ? []
      : [
          ...[...LOCAL_NETWORKS, ...bypass].map((network) => `-A ${CHAIN} -d ${network} -j RETURN`),
          `-A ${CHAIN} -p tcp ${to(REDSOCKS_PORT)}`,
          ...(settings.dns === undefined
            ? []
            : [
                `-A ${CHAIN} -p udp --dport 53 ${to(DNSU2T_PORT)}`,
                ...[...LOCAL_NETWORKS, ...bypass].map((network) => `-A ${CHAIN}-DNS -d ${network} -j RETURN`),
                `-A ${CHAIN}-DNS -p tcp -d ${settings.dns.ip} --dport ${settings.dns.port} ${to(REDSOCKS_PORT)}`,
              ]),
        ];
  return ["*nat", `:${CHAIN} - [0:0]`, `:${CHAIN}-DNS - [0:0]`, ...rules, "COMMIT", ""].join("\n");
}
