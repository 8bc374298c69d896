import { NAME_SERVERS } from "../../config/areas/name-servers.ts";
import type { Machine } from "../../machine/machine.ts";
import { saidBy } from "../probe/answer-of.ts";
import type { Answers, Probe } from "../probe/probe.ts";
import { hostOf } from "./network-facts.ts";

/** A server that dnsmasq asks. `refuses`: it answers, and nothing that helps. */
export type NameServer = { readonly address: string; readonly says: "answers" | "refuses" | "silent" };
export type Lookup = { readonly name: string; readonly isFound: boolean };

const RESOLVER = "127.0.0.2";
const NETWORK_SERVERS = "/run/resolv.dnsmasq";
/** More of them are a mistake of somebody's, and each costs a process. */
const MOST_SERVERS = 8;
/** Without an address that matters to this device: what its clock needs. */
const SOME_NAME = "0.resinio.pool.ntp.org";

/**
 * One question by UDP, asked twice at most; bash can do that, and nothing else of the image. No byte of a question may be a line's end, since
 * bash writes line by line.
 */
const ASK = `exec 3<>"/dev/udp/$1/$2" || exit 1
for wait in 2 4; do
  printf "$3" >&3 || exit 1
  answer=$(timeout $wait dd bs=2048 count=1 <&3 2>/dev/null | od -An -v -tx1)
  [ -n "$answer" ] && echo $answer && exit
done
exit 1`;
/** Number, "recursion desired", one question. */
const HEAD = "\\x48\\x46\\x01\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00";
/** The name servers of the root: every resolver knows them, and no filter minds. */
const ROOT_SERVERS = `${HEAD}\\x00\\x00\\x02\\x00\\x01`;
/** dnsmasq's version, which it knows without asking anybody. */
const OWN_VERSION = `${HEAD}\\x07version\\x04bind\\x00\\x00\\x10\\x00\\x03`;

const ask = (name: string, address: string, port: string, question: string): Probe => ({
  name,
  argv: ["bash", "-c", ASK, "doctor", address, port, question],
});

/** `address` or `address#port` of each server that dnsmasq has from the network and from config.json. Pure. */
export function parseNameServers(network: string, configured: string): readonly string[] {
  const given = [...network.matchAll(/^nameserver\s+(\S+)/gm), ...configured.matchAll(/^server=(\S+)/gm)];
  return [...new Set(given.map(([, address = ""]) => address))].slice(0, MOST_SERVERS);
}

const serversOf = (machine: Machine): readonly string[] =>
  parseNameServers(machine.readText(NETWORK_SERVERS) ?? "", machine.readText(NAME_SERVERS) ?? "");

/** What an answer's bytes say of the server: SERVFAIL and REFUSED are no help. Pure. */
export function judgeAnswer(bytes: string | undefined): NameServer["says"] {
  const [first, second, , flags = ""] = (bytes ?? "").trim().split(/\s+/);
  if (first !== "48" || second !== "46") return "silent";
  return ["2", "5"].includes(flags.slice(-1)) ? "refuses" : "answers";
}

/** A name that this device needs: the connectivity check's or the fleet server's, else a time server's. Pure. */
export const nameToFind = (apiEndpoint: string, webHost: string | undefined): string =>
  [webHost ?? "", hostOf(apiEndpoint)].find((host) => /[a-z]/i.test(host) && !host.includes(":")) ?? SOME_NAME;

export function dnsProbes(machine: Machine, name: string): readonly Probe[] {
  return [
    ask("resolver", RESOLVER, "53", OWN_VERSION),
    ...serversOf(machine).map((server, at) => {
      const [address = "", port = "53"] = server.split("#");
      return ask(`name-server-${at}`, address, port, ROOT_SERVERS);
    }),
    { name: "lookup", argv: ["getent", "ahosts", name] },
  ];
}

export const readResolver = (answers: Answers): boolean => judgeAnswer(saidBy(answers, "resolver")) !== "silent";

export const readNameServers = (answers: Answers, machine: Machine): readonly NameServer[] =>
  serversOf(machine).map((address, at) => ({ address, says: judgeAnswer(saidBy(answers, `name-server-${at}`)) }));

/** A look-up that takes longer than a probe may is of no use to anybody. */
export const readLookup = (answers: Answers, name: string): Lookup => ({
  name,
  isFound: (saidBy(answers, "lookup") ?? "").trim() !== "",
});
