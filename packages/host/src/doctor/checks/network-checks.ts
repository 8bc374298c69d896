import { known } from "../facts/fact.ts";
import { type Check, defineCheck, listed } from "../finding.ts";

const manager = defineCheck({
  name: "network.manager",
  means: "NetworkManager runs",
  troubles: {
    "network.no-manager": {
      level: "failure",
      means: "NetworkManager does not run: links stay as they are, new ones are not brought up",
      todo: "systemctl restart NetworkManager, then journalctl -u NetworkManager",
    },
  },
  judge: ({ units }) => {
    const state = known(units)["NetworkManager.service"];
    return state === "active"
      ? { ok: "NetworkManager runs" }
      : { code: "network.no-manager", what: `NetworkManager is ${state}` };
  },
});

const link = defineCheck({
  name: "network.link",
  means: "a cable is in, a Wi-Fi or a mobile network is joined",
  troubles: {
    "network.no-link": {
      level: "failure",
      means: "no link is up",
      todo: "Check the cable; for Wi-Fi and cellular, nmcli device and docs/networking.md",
    },
  },
  judge: ({ links }) => {
    const all = known(links);
    const up = all.filter(({ hasCarrier }) => hasCarrier).map(({ name }) => name);
    if (up.length > 0) return { ok: `${listed(up)} up` };
    const what =
      all.length === 0 ? "there is no network hardware" : `not connected: ${listed(all.map(({ name }) => name))}`;
    return { code: "network.no-link", what };
  },
});

const isSelfMade = (address: string): boolean => address.startsWith("169.254.");

const address = defineCheck({
  name: "network.address",
  means: "a link has an address",
  troubles: {
    "network.no-address": {
      level: "failure",
      means: "links are up, and none got an address",
      todo: "Check the DHCP server, or give a static address (docs/networking.md); journalctl -u NetworkManager",
    },
  },
  judge: ({ links }) => {
    const addresses = known(links).flatMap((each) => each.addresses.map((text) => ({ name: each.name, text })));
    const usable = addresses.filter(({ text }) => !isSelfMade(text));
    if (usable.length > 0)
      return {
        ok: listed(
          usable.map(({ name, text }) => `${name} ${text}`),
          3,
        ),
      };
    const what =
      addresses.length === 0 ? "no link has an address" : "no DHCP server answered: only a self-made address";
    return { code: "network.no-address", what };
  },
});

const route = defineCheck({
  name: "network.route",
  means: "there is a default route",
  troubles: {
    "network.no-route": {
      level: "failure",
      means: "no network offers a way to others",
      todo: "Name the gateway in the connection (docs/networking.md), or have the DHCP server offer one",
    },
  },
  judge: ({ routes }) => {
    const ways = known(routes).map((way) => (way.gateway === undefined ? way.link : `${way.gateway} on ${way.link}`));
    return ways.length > 0 ? { ok: listed(ways, 2) } : { code: "network.no-route", what: "there is no default route" };
  },
});

const gateway = defineCheck({
  name: "network.gateway",
  means: "the gateway answers",
  troubles: {
    "network.no-gateway": {
      level: "failure",
      means: "no gateway answers, neither pings nor the question for its hardware address",
      todo: "Check that the gateway is on and that the address of the connection is right: ip route; nmcli connection show",
    },
    "network.silent-gateway": {
      level: "warning",
      means: "one of several gateways does not answer",
      todo: "Check that gateway, and whether the network still offers it: ip route; ip -6 route",
    },
  },
  judge: ({ gateways }) => {
    const all = known(gateways);
    const silent = all.filter(({ answers }) => !answers);
    if (silent.length === 0) return { ok: all.length === 0 ? "there is none to ask" : "each answers" };
    const what = `no answer from ${listed(silent.map((each) => `${each.address} on ${each.link}`))}`;
    return { code: silent.length === all.length ? "network.no-gateway" : "network.silent-gateway", what };
  },
});

const web = defineCheck({
  name: "network.web",
  means: "the connectivity address answers as it should, or config.json names none",
  troubles: {
    "network.portal": {
      level: "failure",
      means: "somebody else answers in place of the connectivity address: a sign-in page, or a proxy",
      todo: "Sign the device in with that network, have it let the device through, or set its proxy (docs/proxy-and-dns.md)",
    },
    "network.no-web": {
      level: "failure",
      means: "the connectivity address cannot be asked",
      todo: "Mend what is wrong above, if anything; else look at firewalls, and at os.network.connectivity.uri in config.json",
    },
  },
  judge: ({ web: fact }) => {
    const asked = known(fact);
    if (asked === undefined) return { ok: "not asked: config.json names no address for that" };
    const { host, answer } = asked;
    switch (answer.kind) {
      case "expected":
        return { ok: `${host} answers` };
      case "unexpected":
        return { code: "network.portal", what: `asked for ${host}, something answers with status ${answer.status}` };
      case "none":
        return { code: "network.no-web", what: `${host} cannot be asked: ${answer.reason}` };
    }
  },
});

/** From the cable outwards. */
export const networkChecks: readonly Check[] = [manager, link, address, route, gateway, web];
