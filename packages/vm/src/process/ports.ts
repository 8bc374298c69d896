import { readdir, readFile, readlink } from "node:fs/promises";
import { createServer } from "node:net";
import { refuse } from "@holdfast/contracts";

const LISTEN = "0A";

/** Binds the port on 127.0.0.1 (0: any free one) and lets go of it. Returns its number, or undefined when it is taken. */
function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(undefined);
      else reject(error);
    });
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : undefined));
    });
  });
}

/** The inodes of the sockets that listen on a port, from the text of /proc/net/tcp. */
export function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) && fields[3] === LISTEN)
    .flatMap((fields) => fields[9] ?? []);
}

async function holdsSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => "")));
  return links.some((link) => inodes.has(/^socket:\[(\d+)\]$/.exec(link)?.[1] ?? ""));
}

/** Who listens on a port, e.g. `nginx (process 812)`; undefined when that cannot be seen (another user's process). */
async function portUser(port: number): Promise<string | undefined> {
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((name) => readFile(`/proc/net/${name}`, "utf8").catch(() => "")),
  );
  const inodes = new Set(tables.flatMap((table) => listeningInodes(table, port)));
  const pids = (await readdir("/proc")).filter((name) => /^[0-9]+$/.test(name));
  for (const pid of inodes.size === 0 ? [] : pids) {
    if (!(await holdsSocket(pid, inodes))) continue;
    const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
    return `${name.trim()} (process ${pid})`;
  }
  return undefined;
}

/** A port of the device by name, and the one of this machine that leads to it. */
export type PortForward = { readonly guest: number; readonly host: number };

/**
 * Replaces each host port of 0 by a free one and checks that the others can be had.
 * @throws HoldfastError `vm.port-taken` naming the port and, if it can be seen, who uses it.
 */
export async function choosePorts(ports: Readonly<Record<string, PortForward>>): Promise<Record<string, PortForward>> {
  const chosen: Record<string, PortForward> = {};
  const taken = new Set(Object.values(ports).map(({ host }) => host));
  for (const [name, { guest, host }] of Object.entries(ports)) {
    let port = await tryPort(host);
    while (host === 0 && port !== undefined && taken.has(port)) port = await tryPort(0);
    if (port === undefined) {
      const user = await portUser(host);
      refuse("vm.port-taken", {
        message: `Port ${host} of this machine, meant for the device's ${name}, is in use${user === undefined ? "" : ` by ${user}`}.`,
        hint: "Stop what uses it, or choose another port (0 takes any free one).",
      });
    }
    taken.add(port);
    chosen[name] = { guest, host: port };
  }
  return chosen;
}
