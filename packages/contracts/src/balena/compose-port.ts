import * as z from "zod";

/** One published port. */
export type ComposePort = {
  readonly container: number;
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly host: number;
  readonly address?: string;
};

const SHORT =
  /^(?:(?:(?<address>\[[0-9a-fA-F:]+\]|[0-9.]+):)?(?<host>\d+(?:-\d+)?)?:)?(?<container>\d+(?:-\d+)?)(?:\/(?<protocol>tcp|udp|sctp))?$/;
const MAX_PORT = 65_535;
/** More ports than this in one range would cost one proxy rule each; nobody means it. */
const MAX_RANGE = 4096;

function range(text: string): number[] | undefined {
  const [from, to] = text.split("-").map(Number);
  const last = to ?? from;
  if (from === undefined || last === undefined || last < from || last > MAX_PORT || last - from >= MAX_RANGE) return;
  return Array.from({ length: last - from + 1 }, (_, at) => from + at);
}

/**
 * Compose's short form `[[address:]host:]container[/protocol]`, ranges included; undefined when it is none. Without a
 * host port the same number is published: a port chosen by chance, as compose does it, helps nobody on a fleet.
 */
export function parseShortPort(text: string): ComposePort[] | undefined {
  const groups = SHORT.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const containers = range(groups["container"] ?? "");
  const hosts = groups["host"] === undefined ? containers : range(groups["host"]);
  if (containers === undefined || hosts?.length !== containers.length) return undefined;
  const protocol = groups["protocol"] === "udp" || groups["protocol"] === "sctp" ? groups["protocol"] : "tcp";
  const address = groups["address"]?.replace(/^\[|\]$/g, "");
  return containers.map((container, at) => ({
    container,
    protocol,
    host: hosts[at] ?? container,
    ...(address === undefined ? {} : { address }),
  }));
}

const longForm = z.object({
  target: z.coerce.number().int().min(1).max(MAX_PORT),
  published: z.union([z.string(), z.number()]).optional(),
  protocol: z.enum(["tcp", "udp", "sctp"]).default("tcp"),
  host_ip: z.string().optional(),
});

/** One entry of `ports`: short text, number, or the long form. One entry may be a range, hence the list. */
export const composePort = z.union([z.string(), z.number(), longForm]).transform((entry, context): ComposePort[] => {
  const text =
    typeof entry === "object"
      ? [entry.host_ip, entry.published, `${entry.target}/${entry.protocol}`].filter((part) => part !== undefined)
      : [String(entry)];
  const ports = parseShortPort(text.join(":"));
  if (ports !== undefined) return ports;
  context.addIssue({ code: "custom", message: `"${text.join(":")}" is not a port such as 8080:80/tcp` });
  return z.NEVER;
});
