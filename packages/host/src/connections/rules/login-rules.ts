import { type ConnectionFile, type ConnectionRule, error, warning } from "../connection-file.ts";
import type { Finding } from "../key-file.ts";

const APN = /^[A-Za-z0-9._-]{0,64}$/;
/** A SIM locks itself after three wrong ones: a slip must not cost a try. */
const PIN = /^\d{4,8}$/;
const NETWORK = /^\d{5,6}$/;
const isCount = (value: string | undefined): boolean => /^0*[1-9]\d*$/.test(value ?? "");

const NAMELESS = new Set(["external", "sim", "tls"]);
/** Methods with another one inside. */
const TUNNELS = new Set(["peap", "ttls"]);
const EAP = "leap md5 tls peap ttls sim fast pwd external".split(" ");
/** What each kind cannot do without: setting and property. */
const NEEDED: Readonly<Record<string, readonly (readonly [setting: string, key: string])[]>> = {
  pppoe: [["pppoe", "username"]],
  vlan: [["vlan", "parent"]],
  vpn: [["vpn", "service-type"]],
};

function cellular(file: ConnectionFile): readonly Finding[] {
  const findings: Finding[] = [];
  const apn = file.line("gsm", "apn");
  if (apn === undefined && file.value("gsm", "auto-config") !== "true")
    findings.push(warning("apn is missing in [gsm]: most networks want one", file.at("gsm") ?? file.at("connection")));
  if (apn !== undefined && !APN.test(apn.value.trim()))
    findings.push(error("apn has other characters than letters, digits, dot, dash and underscore", apn.line));
  const pin = file.line("gsm", "pin");
  if (pin !== undefined && !PIN.test(pin.value)) findings.push(error("pin is not 4 to 8 digits", pin.line));
  const network = file.line("gsm", "network-id");
  if (network !== undefined && !NETWORK.test(network.value))
    findings.push(error("network-id is not 5 or 6 digits", network.line));
  return findings;
}

function enterprise(file: ConnectionFile): readonly Finding[] {
  const [methods, at] = [file.line("802-1x", "eap"), file.at("802-1x")];
  if (methods === undefined || methods.value === "") return [error("eap is missing in [802-1x]", at)];
  const names = methods.value.split(";").filter((word) => word !== "");
  if (!names.every((name) => EAP.includes(name)))
    return [error(`eap is not a list of ${EAP.join(", ")} with ; between them`, methods.line)];
  const [first = ""] = names;
  if (NAMELESS.has(first)) return [];
  if (file.line("802-1x", "identity") === undefined) return [error("identity is missing in [802-1x]", at)];
  const hasInner = ["phase2-auth", "phase2-autheap"].some((key) => file.line("802-1x", key) !== undefined);
  return TUNNELS.has(first) && !hasInner ? [error("phase2-auth is missing in [802-1x]", at)] : [];
}

/** Networks that want to know who comes: modems, dialled lines, enterprise networks. */
export const loginRules: ConnectionRule = (file) => {
  const findings: Finding[] = file.type === "gsm" ? [...cellular(file)] : [];
  for (const [setting, key] of NEEDED[file.type ?? ""] ?? []) {
    const isAddressed = key === "parent" && file.line("ethernet", "mac-address") !== undefined;
    if (file.line(setting, key) === undefined && !isAddressed)
      findings.push(error(`${key} is missing in [${setting}]`, file.at(setting) ?? file.at("connection")));
  }
  if (file.type === "vpn")
    findings.push(warning("the device has no VPN plugins of NetworkManager; wireguard works without one"));
  if (file.has("802-1x")) findings.push(...enterprise(file));
  const echoes = file.line("ppp", "lcp-echo-failure");
  if (isCount(echoes?.value) && !isCount(file.value("ppp", "lcp-echo-interval")))
    findings.push(error("lcp-echo-failure stands there without lcp-echo-interval", echoes?.line));
  return findings;
};
