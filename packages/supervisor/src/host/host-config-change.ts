import { messageOf, refuse } from "@holdfast/contracts";
import { HOSTNAME, judgeProxy } from "@holdfast/contracts/host";
import * as z from "zod";
import { isTruthy } from "../spec/labels.ts";
import { formatProxy, proxySchema } from "./proxy-file.ts";

const MOST_EXCEPTIONS = 1000;

const exception = z
  .string()
  .trim()
  .min(1)
  .max(253)
  .regex(/^\P{Cc}*$/u, "is not one line");
/** Body of `PATCH /v1/device/host-config`. */
export const hostConfigBody = z.object({
  network: z.object({
    hostname: z.string().regex(HOSTNAME, "is no host name").or(z.literal("")).nullish(),
    proxy: z.looseObject({ noProxy: z.array(exception).max(MOST_EXCEPTIONS).nullish() }).nullish(),
  }),
  force: z.unknown().optional(),
});

/** What PATCH /v1/device/host-config asks for; a part that is undefined stays as it is. */
export type HostConfigChange = {
  /** Empty: the first characters of the uuid. */
  readonly hostname?: string;
  /** The whole of redsocks.conf; null: there is no proxy any more. */
  readonly redsocks?: string | null;
  /** The hosts and networks that are reached without the proxy. */
  readonly noProxy?: readonly string[];
};

export type HostConfigPatch = { readonly change: HostConfigChange; readonly force: boolean };

function refuseChange(reason: string): never {
  return refuse("supervisor.invalid-host-config", {
    message: reason,
    hint: "docs/proxy-and-dns.md says what can be set.",
  });
}

function parse<T extends z.ZodType>(schema: T, value: unknown, at: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = [...(at === "" ? [] : [at]), ...(issue?.path.map(String) ?? [])].join(".");
  return refuseChange(`${path === "" ? "The body" : path}: ${issue?.message ?? messageOf(result.error)}`);
}

/** redsocks.conf that a `proxy` without its `noProxy` asks for; undefined: it stays as it is. */
function redsocksOf(proxy: Readonly<Record<string, unknown>>, hasExceptions: boolean): string | null | undefined {
  const { dns: _, ...own } = proxy;
  if (Object.keys(proxy).length === 0) return hasExceptions ? undefined : null;
  // The contract's quirk: name servers alone make no proxy, so there is none.
  if (Object.keys(own).length === 0) return null;
  const text = formatProxy(parse(proxySchema, proxy, "network.proxy"));
  // The host's own judgement: a file that it would pass over must not be taken for done.
  const judged = judgeProxy(text);
  return judged.ok ? text : refuseChange(`network.proxy: ${judged.reason}`);
}

/**
 * Reads the body of PATCH /v1/device/host-config (compat 3.1). Reasons name no values: passwords are among them. Pure.
 * @throws HoldfastError `supervisor.invalid-host-config`
 */
export function parseHostConfigPatch(body: unknown): HostConfigPatch {
  const { network, force } = parse(hostConfigBody, body, "");
  const { noProxy, ...proxy } = network.proxy ?? {};
  const hasExceptions = noProxy !== undefined && noProxy !== null;
  const redsocks = network.proxy === undefined || network.proxy === null ? undefined : redsocksOf(proxy, hasExceptions);
  return {
    change: {
      ...(typeof network.hostname === "string" ? { hostname: network.hostname } : {}),
      ...(redsocks === undefined ? {} : { redsocks }),
      ...(hasExceptions ? { noProxy } : {}),
    },
    force: isTruthy(String(force)),
  };
}
