import { type ConnectionFile, type ConnectionRule, error, warning } from "../connection-file.ts";
import type { Finding, KeyLine } from "../key-file.ts";

type Family = { readonly setting: "ipv4" | "ipv6"; readonly methods: readonly string[]; readonly longest: number };

const families: readonly Family[] = [
  { setting: "ipv4", methods: ["auto", "link-local", "manual", "shared", "disabled"], longest: 32 },
  {
    setting: "ipv6",
    methods: ["auto", "dhcp", "link-local", "manual", "shared", "disabled", "ignore"],
    longest: 128,
  },
];
/** Methods that take no addresses beside their own. */
const WITHOUT_ADDRESSES = new Set(["link-local", "disabled", "ignore"]);

const V4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** RFC 4291, also with a dotted end. */
function isV6(text: string): boolean {
  const dotted = /^(.*:)([\d.]+)$/.exec(text);
  if (dotted?.[2]?.includes(".")) return V4.test(dotted[2]) && isV6(`${dotted[1]}0:0`);
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  return halves.length === 2 ? groups.length < 8 : groups.length === 8;
}

const isAddress = (setting: Family["setting"], text: string): boolean =>
  setting === "ipv4" ? V4.test(text) : isV6(text);

/** `address/prefix`, perhaps with a gateway behind a comma (or, as older files have it, a semicolon). */
function checkAddress({ setting, longest }: Family, { key, value, line }: KeyLine): readonly Finding[] {
  const [address = "", gateway, ...more] = value.replace(/[;,]\s*$/, "").split(/[;,]/);
  const [ip = "", prefix, ...slashes] = address.split("/");
  if (!isAddress(setting, ip) || slashes.length > 0)
    return [warning(`${key} is no ${setting} address: it does not count`, line)];
  if ((gateway !== undefined && !isAddress(setting, gateway)) || more.length > 0)
    return [warning(`${key} has something else than a gateway behind the address: it does not count`, line)];
  // NetworkManager takes another length in silence.
  if (prefix === undefined || !/^\d{1,3}$/.test(prefix) || Number(prefix) > longest)
    return [warning(`${key} needs a prefix length from 0 to ${longest}, such as 10.0.0.2/24`, line)];
  return [];
}

const isUsable = (findings: readonly Finding[]): boolean =>
  findings.every(({ reason }) => !reason.endsWith("it does not count"));

function checkServers({ setting }: Family, { key, value, line }: KeyLine): readonly Finding[] {
  // Newer NetworkManager takes names of encrypted servers, too; they hold a scheme.
  const servers = value.split(";").map((word) => word.trim());
  return servers.every((word) => word === "" || word.includes("://") || isAddress(setting, word.replace(/[#%].*$/, "")))
    ? []
    : [warning(`${key} is no list of ${setting} addresses with ; between them`, line)];
}

function checkFamily(file: ConnectionFile, family: Family): readonly Finding[] {
  const { setting, methods } = family;
  if (!file.has(setting)) return [];
  const method = file.line(setting, "method");
  if (method === undefined) return [error(`method is missing in [${setting}]`, file.at(setting))];
  if (!methods.includes(method.value)) return [error(`method is not one of ${methods.join(", ")}`, method.line)];

  const addresses = file.lines(setting).filter(({ key }) => /^address(?:es)?\d*$/.test(key));
  const routes = file.lines(setting).filter(({ key }) => /^routes?\d*$/.test(key));
  const servers = file.line(setting, "dns");
  const checked = addresses.map((line) => checkAddress(family, line));
  const usable = checked.filter(isUsable).length;
  const findings = [...checked.flat(), ...(servers === undefined ? [] : checkServers(family, servers))];
  if (method.value === "manual" && usable === 0 && routes.length === 0)
    findings.push(error("method is manual, and no address is there, such as address1=10.0.0.2/24", method.line));
  const [first] = addresses;
  if (WITHOUT_ADDRESSES.has(method.value) && usable > 0)
    findings.push(error(`method ${method.value} takes no addresses`, first?.line));
  const gateway = file.line(setting, "gateway");
  if (gateway !== undefined && !isAddress(setting, gateway.value))
    findings.push(error(`gateway is no ${setting} address`, gateway.line));
  else if (gateway !== undefined && usable === 0)
    findings.push(error("gateway stands there without an address", gateway.line));
  return findings;
}

/** Addresses and the way to get them. */
export const ipRules: ConnectionRule = (file) => families.flatMap((family) => checkFamily(file, family));
