import { readdir } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { readIfThere } from "../../storage/durable-file.ts";

/** Blank between several, in the order of the interfaces. */
export type Addresses = { readonly ip: string; readonly mac: string };

/** Interfaces of the engine, the tunnel and the system's own bridges: nobody outside reaches the device there (compat 5.3). */
const INTERNAL =
  /^(?:balena\d+|docker\d+|rce\d+|tun\d+|resin-vpn|lo|resin-dns|supervisor0|balena-redsocks|resin-redsocks|br-[0-9a-f]{12})$/;
const ETHERNET = "1";

export type InterfaceAddress = {
  readonly address: string;
  readonly family: string;
  readonly internal: boolean;
};
export type Interfaces = Readonly<Record<string, readonly InterfaceAddress[] | undefined>>;

/** The addresses under which the device can be reached: IPv4, and IPv6 beyond its link. Pure. */
export function reportedIps(interfaces: Interfaces): readonly string[] {
  const reachable = Object.entries(interfaces).flatMap(([name, addresses]) =>
    INTERNAL.test(name) ? [] : (addresses ?? []).filter(({ internal }) => !internal),
  );
  const isReported = ({ family, address }: InterfaceAddress): boolean =>
    family === "IPv4" || (family === "IPv6" && !/^fe[89ab]/i.test(address));
  return [...new Set(reachable.filter(isReported).map(({ address }) => address))];
}

/** The hardware addresses of real interfaces below a directory like /sys/class/net, in capitals. */
async function reportedMacs(sysClassNet: string): Promise<readonly string[]> {
  const names = await readdir(sysClassNet).catch(() => []);
  const found = new Set<string>();
  for (const name of names.sort().filter((name) => !INTERNAL.test(name))) {
    const at = join(sysClassNet, name);
    const [type, address] = await Promise.all([readIfThere(join(at, "type")), readIfThere(join(at, "address"))]);
    // Members of a bridge or a bond repeat its address.
    const isMember = (await readdir(at).catch((): string[] => [])).includes("master");
    if (type?.trim() === ETHERNET && !isMember && address !== undefined) found.add(address.trim().toUpperCase());
  }
  return [...found];
}

/** Both kinds of addresses as the report has them. */
export async function readAddresses(
  sysClassNet = "/sys/class/net",
  interfaces: Interfaces = networkInterfaces(),
): Promise<Addresses> {
  return { ip: reportedIps(interfaces).join(" "), mac: (await reportedMacs(sysClassNet)).join(" ") };
}
