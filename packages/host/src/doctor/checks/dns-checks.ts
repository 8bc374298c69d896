import { known } from "../facts/fact.ts";
import { stopOf } from "../facts/unit-facts.ts";
import { type Check, defineCheck, listed } from "../finding.ts";

const resolver = defineCheck({
  name: "dns.resolver",
  means: "dnsmasq answers",
  troubles: {
    "dns.no-resolver": {
      level: "failure",
      means: "dnsmasq does not answer: neither the device nor its containers find names",
      todo: "systemctl restart dnsmasq, then journalctl -u dnsmasq",
    },
  },
  judge: ({ resolver: fact, units }) => {
    if (known(fact)) return { ok: "dnsmasq answers" };
    const what = stopOf(units, "dnsmasq.service") ?? "dnsmasq does not answer";
    return { code: "dns.no-resolver", what };
  },
});

const servers = defineCheck({
  name: "dns.servers",
  means: "each name server answers",
  troubles: {
    "dns.no-server": {
      level: "failure",
      means: "no name server gives a useful answer, or there is none",
      todo: "Name a server that the network lets the device reach: dnsServers in config.json, or dns= in the connection",
    },
    "dns.silent-server": {
      level: "warning",
      means: "one of several name servers does not answer, or refuses; the others serve",
      todo: 'Take it out where it comes from: the connection, the DHCP server, or dnsServers in config.json ("null": none)',
    },
  },
  judge: ({ nameServers }) => {
    const all = known(nameServers);
    const bad = all.filter(({ says }) => says !== "answers");
    const what = listed(bad.map((server) => `${server.address} ${server.says === "silent" ? "is silent" : "refuses"}`));
    if (bad.length === all.length)
      return { code: "dns.no-server", what: all.length === 0 ? "there is no name server" : what };
    if (bad.length > 0) return { code: "dns.silent-server", what };
    return { ok: listed(all.map((server) => server.address)) };
  },
});

const lookup = defineCheck({
  name: "dns.lookup",
  means: "a name that the device needs is found",
  troubles: {
    "dns.not-found": {
      level: "failure",
      means: "a name that the device needs is not found",
      todo: "Mend the name servers; if they answer, the name is wrong or unknown in this network",
    },
  },
  judge: ({ lookup: fact }) => {
    const { name, isFound } = known(fact);
    return isFound ? { ok: `${name} is found` } : { code: "dns.not-found", what: `${name} is not found` };
  },
});

export const dnsChecks: readonly Check[] = [resolver, servers, lookup];
