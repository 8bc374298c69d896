import { CONNECTIVITY_CHECK } from "../../clock/ask-web-time.ts";
import { exists, type Machine } from "../../machine/machine.ts";
import { answerOf, outputOf } from "../probe/answer-of.ts";
import { type Answers, type Probe, shellProbe } from "../probe/probe.ts";
import { type DefaultRoute, parseDefaultRoutes } from "./routes.ts";
import { readWebAnswer, type WebAnswer } from "./web-answer.ts";

/** A link to a network: hardware, or what a default route leads over. */
export type Link = {
  readonly name: string;
  /** The cable is in, the Wi-Fi is joined. */
  readonly hasCarrier: boolean;
  /** Addresses that others can reach; of IPv4 also those that the device gave itself. */
  readonly addresses: readonly string[];
};
export type Gateway = { readonly address: string; readonly link: string; readonly answers: boolean };
/** Undefined where config.json names no address to ask. */
export type Web = { readonly host: string; readonly answer: WebAnswer } | undefined;

/** More of them are a mistake of somebody's, and each costs a process. */
const MOST_GATEWAYS = 4;
const MOST_ANSWER_BYTES = 100_000;

const CURL = [
  ...["--silent", "--include", "--suppress-connect-headers", "--globoff", "--proto", "=http,https"],
  ...["--max-time", "8", "--max-filesize", String(MOST_ANSWER_BYTES)],
];
/** Without an answer to pings, one to the question for its hardware address counts: some gateways answer nothing else. */
const ASK_GATEWAY = `for try in 1 2; do ping -n -q -c 1 -W 2 -I "$2" "$1" >/dev/null && echo answers && exit; done
ip neigh show to "$1" dev "$2"`;

const tables = (machine: Machine): readonly DefaultRoute[] =>
  parseDefaultRoutes(machine.readText("/proc/net/route") ?? "", machine.readText("/proc/net/ipv6_route") ?? "");

const gatewaysOf = (routes: readonly DefaultRoute[]): readonly { address: string; link: string }[] =>
  routes
    .flatMap(({ gateway, link }) => (gateway === undefined ? [] : [{ address: gateway, link }]))
    .slice(0, MOST_GATEWAYS);

function connectivity(machine: Machine): { readonly uri: string; readonly response: string } | undefined {
  const text = machine.readText(CONNECTIVITY_CHECK);
  return text === undefined ? undefined : (JSON.parse(text) as { readonly uri: string; readonly response: string });
}

/** The host's name alone: an address may hold a password. */
export const hostOf = (uri: string): string =>
  uri
    .replace(/^[a-z]+:\/\//i, "")
    .replace(/[/?#].*$/s, "")
    .replace(/^.*@/, "")
    .replace(/:\d+$/, "");

/** Whose answer shows that the network works; undefined where config.json names nobody. */
export function readWebHost(machine: Machine): string | undefined {
  const check = connectivity(machine);
  return check === undefined ? undefined : hostOf(check.uri);
}

export function networkProbes(machine: Machine): readonly Probe[] {
  const check = connectivity(machine);
  return [
    { name: "addresses", argv: ["ip", "-json", "address", "show"] },
    ...gatewaysOf(tables(machine)).map(({ address, link }, at) =>
      shellProbe(`gateway-${at}`, ASK_GATEWAY, address, link),
    ),
    ...(check === undefined ? [] : [{ name: "web", argv: ["curl", ...CURL, "--url", check.uri] } as const]),
  ];
}

type AddressReport = readonly {
  readonly ifname: string;
  readonly flags?: readonly string[];
  readonly addr_info?: readonly { readonly local?: string; readonly scope?: string }[];
}[];

/** Links of the device's hardware and those of default routes. @throws when `ip` does not tell */
export function readLinks(answers: Answers, machine: Machine): readonly Link[] {
  const ways = tables(machine).map(({ link }) => link);
  return (JSON.parse(outputOf(answers, "addresses")) as AddressReport)
    .filter(({ ifname }) => ways.includes(ifname) || exists(machine, `/sys/class/net/${ifname}/device`))
    .map(({ ifname, flags = [], addr_info: addresses = [] }) => ({
      name: ifname,
      hasCarrier: flags.includes("LOWER_UP"),
      addresses: addresses.flatMap(({ local, scope }) =>
        local !== undefined && (scope === "global" || local.startsWith("169.254.")) ? [local] : [],
      ),
    }));
}

export const readRoutes = (_: Answers, machine: Machine): readonly DefaultRoute[] => tables(machine);

export const readGateways = (answers: Answers, machine: Machine): readonly Gateway[] =>
  gatewaysOf(tables(machine)).map(({ address, link }, at) => {
    const { output } = answerOf(answers, `gateway-${at}`);
    return { address, link, answers: /^answers$|lladdr \S+ .*(REACHABLE|STALE|DELAY|PROBE|PERMANENT)/m.test(output) };
  });

export function readWeb(answers: Answers, machine: Machine): Web {
  const check = connectivity(machine);
  if (check === undefined) return undefined;
  const { status, output } = answerOf(answers, "web");
  return { host: hostOf(check.uri), answer: readWebAnswer(status, output, check.response) };
}
