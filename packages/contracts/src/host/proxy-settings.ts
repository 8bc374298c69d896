import { parseRedsocksFile, type Section } from "./redsocks-file.ts";

/** The device contract's address of the bridge that redsocks listens on, and its ports there. */
export const REDSOCKS_ADDRESS = "10.114.103.1";
export const REDSOCKS_PORT = 12_345;
export const DNSU2T_PORT = 5313;

/** Kinds of proxies that redsocks speaks. */
export const PROXY_TYPES = ["socks4", "socks5", "http-connect", "http-relay"] as const;

/** A name or an IPv4 address, as redsocks takes it. */
export const PROXY_HOST = /^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/;

export type Endpoint = { readonly ip: string; readonly port: number };

/** What redsocks.conf asks for. */
export type ProxySettings = {
  /** redsocks.conf as redsocks gets it: on the contract's address and ports, with the device's own base section. */
  readonly config: string;
  /** Where UDP name queries go instead, over TCP through the proxy. */
  readonly dns: Endpoint | undefined;
};

export type JudgedProxy =
  | { readonly ok: true; readonly settings: ProxySettings; readonly remarks: readonly string[] }
  | { readonly ok: false; readonly reason: string };

const isPort = (text: string | undefined): boolean =>
  /^\d{1,5}$/.test(text ?? "") && Number(text) > 0 && Number(text) < 65_536;
const isHost = (text: string | undefined): boolean => PROXY_HOST.test(text ?? "");
const isTyped = (text: string | undefined): boolean => PROXY_TYPES.some((type) => type === text);
/** A text in quotes: redsocks reads `\\` and `\"` within them. Control characters have no place in its file. Pure. */
export const quoted = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
const written = (key: string, value: string): string => (key === "login" || key === "password" ? quoted(value) : value);

function faultOf({ name, settings }: Section): string | undefined {
  const where = (key: string, reason: string): string => `${name}: ${key} ${reason}`;
  for (const [key, value] of settings)
    if (/[\p{Cc}]/u.test(value) || (key !== "login" && key !== "password" && !/^[\w.:-]*$/.test(value)))
      return where(key, "has characters that it cannot have");
  if (name === "redsocks") {
    if (!isTyped(settings.get("type"))) return where("type", `is none of ${PROXY_TYPES.join(", ")}`);
    if (!isHost(settings.get("ip"))) return where("ip", "is no address");
    if (!isPort(settings.get("port"))) return where("port", "is no port");
  }
  if (name === "dnsu2t") {
    if (!/^\d+\.\d+\.\d+\.\d+$/.test(settings.get("remote_ip") ?? "")) return where("remote_ip", "is no IPv4 address");
    if (!isPort(settings.get("remote_port"))) return where("remote_port", "is no port");
  }
  return undefined;
}

const section = (name: string, settings: Iterable<readonly [string, string]>): string =>
  [`${name} {`, ...[...settings].map(([key, value]) => `\t${key} = ${written(key, value)};`), "}", ""].join("\n");

/** Makes of the operator's redsocks.conf what redsocks gets. Reasons never name values: they may be secret. Pure. */
export function judgeProxy(text: string): JudgedProxy {
  const file = parseRedsocksFile(text);
  if (!file.ok) return { ok: false, reason: `line ${file.line}: ${file.reason}` };
  const fault = file.sections.map(faultOf).find((reason) => reason !== undefined);
  if (fault !== undefined) return { ok: false, reason: fault };
  const [proxy, second] = file.sections.filter(({ name }) => name === "redsocks");
  if (proxy === undefined) return { ok: false, reason: "there is no section redsocks" };
  if (second !== undefined) return { ok: false, reason: "there are two sections redsocks" };
  const dns = file.sections.find(({ name }) => name === "dnsu2t");
  const stray = file.sections.filter(({ name }) => !["base", "redsocks", "dnsu2t"].includes(name));
  const listen = (port: number): [string, string][] => [
    ["local_ip", REDSOCKS_ADDRESS],
    ["local_port", String(port)],
  ];
  const base = [
    ["log_debug", "off"],
    ["log_info", "off"],
    ["log", "stderr"],
    ["daemon", "off"],
    ["redirector", "iptables"],
  ] as const;
  const own = new Map([...proxy.settings, ...listen(REDSOCKS_PORT)]);
  const queries = dns === undefined ? [] : [section("dnsu2t", new Map([...dns.settings, ...listen(DNSU2T_PORT)]))];
  return {
    ok: true,
    settings: {
      config: [section("base", base), section("redsocks", own), ...queries].join("\n"),
      dns:
        dns === undefined
          ? undefined
          : { ip: dns.settings.get("remote_ip") ?? "", port: Number(dns.settings.get("remote_port")) },
    },
    remarks: stray.map(({ name }) => `section ${name} is passed over`),
  };
}
