import { PROXY_HOST, PROXY_TYPES, parseRedsocksFile, quoted } from "@holdfast/contracts/host";
import * as z from "zod";

/** Name servers over TCP when a client says only that it wants that (compat 3.1). */
const DEFAULT_DNS = "8.8.8.8:53";
const DNS = /^(\d{1,3}(?:\.\d{1,3}){3}):(\d{1,5})$/;

/** Clients put quotes around a login themselves, as its file wants them; they are not part of it. */
const withoutQuotes = (text: string): string => (/^".*"$/s.test(text) ? text.slice(1, -1) : text);
const login = z
  .string()
  .max(1024)
  .regex(/^\P{Cc}*$/u, "is not one line")
  .transform((text) => withoutQuotes(text) || undefined)
  .optional();

/** A proxy as clients send it (compat 3.1). What else they send is passed over. */
export const proxySchema = z.object({
  type: z.enum(PROXY_TYPES),
  ip: z.string().regex(PROXY_HOST, "is no address"),
  port: z.coerce.number().int().min(1).max(65_535),
  login,
  password: login,
  dns: z
    .union([z.boolean(), z.string().regex(DNS, "is no IPv4 address with a port")])
    .transform((dns) => (dns === true ? DEFAULT_DNS : dns || undefined))
    .optional(),
});
export type Proxy = z.output<typeof proxySchema>;

const section = (name: string, settings: Readonly<Record<string, string | number>>): string =>
  [`${name} {`, ...Object.entries(settings).map(([key, value]) => `\t${key} = ${value};`), "}", ""].join("\n");

/** redsocks.conf for a proxy. The addresses that it listens on are the contract's; the host has its own. Pure. */
export function formatProxy({ type, ip, port, login, password, dns }: Proxy): string {
  const own = {
    ...{ type, ip, port },
    ...(login === undefined ? {} : { login: quoted(login) }),
    ...(password === undefined ? {} : { password: quoted(password) }),
  };
  const [, server = "", serverPort = ""] = DNS.exec(dns ?? "") ?? [];
  const listen = { local_ip: "127.0.0.1" };
  return [
    section("base", { log_debug: "off", log_info: "on", log: "stderr", daemon: "off", redirector: "iptables" }),
    section("redsocks", { ...own, ...listen, local_port: 12_345 }),
    ...(dns === undefined
      ? []
      : [section("dnsu2t", { remote_ip: server, remote_port: serverPort, ...listen, local_port: 53 })]),
  ].join("\n");
}

/** What clients are told of a proxy. Of a file that an operator wrote, whatever is known of it. */
export type ProxyView = {
  readonly type?: string;
  readonly ip?: string;
  readonly port?: number;
  readonly login?: string;
  readonly password?: string;
  readonly dns?: string;
};

/** Reads redsocks.conf; of one that cannot be read, nothing is known. Pure. */
export function parseProxy(text: string): ProxyView {
  const file = parseRedsocksFile(text);
  const settingsOf = (name: string): ReadonlyMap<string, string> =>
    (file.ok ? file.sections.find((each) => each.name === name)?.settings : undefined) ?? new Map();
  const proxy = settingsOf("redsocks");
  const dns = settingsOf("dnsu2t");
  const texts = ["type", "ip", "login", "password"].flatMap((key) => {
    const value = proxy.get(key);
    return value === undefined ? [] : [[key, value] as const];
  });
  const port = Number(proxy.get("port"));
  const server = dns.get("remote_ip");
  return {
    ...Object.fromEntries(texts),
    ...(Number.isInteger(port) ? { port } : {}),
    ...(server === undefined ? {} : { dns: `${server}:${dns.get("remote_port") ?? "53"}` }),
  };
}
