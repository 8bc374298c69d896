import { exists, type Machine } from "../machine/machine.ts";

const CLASS = "/sys/class/net";
/** Kinds of NetworkManager's devices on which nobody looks for a device by its name. */
const OTHER_TYPES = ["loopback", "tun", "wireguard", "ip-tunnel", "wifi-p2p", "gsm", "cdma", "bt"];

/** What `nmcli --terse --fields DEVICE,TYPE,STATE device` says NetworkManager manages. Pure. */
export function parseManaged(report: string): readonly string[] {
  return report.split("\n").flatMap((line) => {
    // Colons within a field are escaped.
    const [device = "", type = "", state = ""] = line.split(/(?<!\\):/);
    return state === "" || state.startsWith("unmanaged") || OTHER_TYPES.includes(type) ? [] : [device];
  });
}

const isCellular = (machine: Machine, link: string): boolean =>
  /^DEVTYPE=wwan$/m.test(machine.readText(`${CLASS}/${link}/uevent`) ?? "");

/**
 * Links to networks of people, sorted: hardware, and what else NetworkManager manages, such as a VLAN. The containers'
 * bridges and their ends are neither, and a cellular network is nobody's home.
 */
export function localLinks(machine: Machine): readonly string[] {
  const hardware = (machine.list(CLASS) ?? []).filter((link) => exists(machine, `${CLASS}/${link}/device`));
  const { output } = machine.run(["nmcli", "--terse", "--fields", "DEVICE,TYPE,STATE", "device"], { quiet: true });
  return [...new Set([...hardware, ...parseManaged(output)])]
    .filter((link) => /^[\w.@-]+$/.test(link) && exists(machine, `${CLASS}/${link}`) && !isCellular(machine, link))
    .sort();
}

type AddressReport = readonly {
  readonly ifname?: string;
  readonly addr_info?: readonly { readonly local?: string; readonly scope?: string }[];
}[];

/** The links' own IPv4 addresses, sorted. */
export function addressesOf(machine: Machine, links: readonly string[]): readonly string[] {
  const { status, output } = machine.run(["ip", "-json", "-4", "address", "show"]);
  if (status !== 0) return [];
  return (JSON.parse(output) as AddressReport)
    .filter(({ ifname }) => ifname !== undefined && links.includes(ifname))
    .flatMap(({ addr_info: addresses = [] }) => addresses)
    .flatMap(({ local, scope }) => (local !== undefined && scope === "global" ? [local] : []))
    .sort();
}
