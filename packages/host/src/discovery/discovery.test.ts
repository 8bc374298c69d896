import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { simulateMachine } from "../machine/simulated-machine.ts";
import { avahiConfiguration } from "./avahi-configuration.ts";
import { DISCOVERABILITY, DISCOVERY_DEFAULTS, readDiscovery } from "./discoverability.ts";
import { AVAHI_CONFIGURATION, followDiscovery } from "./follow-discovery.ts";
import { localLinks, parseManaged } from "./links.ts";

const managed =
  "eth0:ethernet:connected\nvlan5:vlan:connected\nlo:loopback:connected (externally)\nbalena0:bridge:unmanaged\n";
const addresses = JSON.stringify([
  { ifname: "lo", addr_info: [{ local: "127.0.0.1", scope: "host" }] },
  { ifname: "eth0", addr_info: [{ local: "192.0.2.7", scope: "global" }] },
  { ifname: "balena0", addr_info: [{ local: "10.114.101.1", scope: "global" }] },
]);

/** A device with a cable, a modem, a VLAN and the containers' bridge. */
function device(files: Readonly<Record<string, string>> = {}, aliases = "") {
  const machine = simulateMachine((argv) => {
    if (argv[0] === "nmcli") return { output: managed };
    if (argv[0] === "ip") return { output: addresses };
    if (argv[1] === "list-units") return { output: aliases };
    return undefined;
  });
  for (const link of ["eth0", "wwan0"]) machine.put(`/sys/class/net/${link}/device/x`, "");
  machine.put("/sys/class/net/wwan0/uevent", "DEVTYPE=wwan\nINTERFACE=wwan0\n");
  for (const link of ["vlan5", "lo", "balena0", "veth12"]) machine.put(`/sys/class/net/${link}/uevent`, "");
  for (const [path, content] of Object.entries(files)) machine.put(path, content);
  return machine;
}
const development = { [DISCOVERY_DEFAULTS]: '{"isDefault":true,"alias":"balena"}' };
const jobs = (machine: ReturnType<typeof device>): string[] =>
  machine.commands.flatMap((line) => (line.startsWith("systemctl --no-block ") ? [line.slice(21)] : []));

describe("links on which the device is found", () => {
  it("are hardware and what NetworkManager manages; not containers, modems or itself", () => {
    expect(localLinks(device())).toEqual(["eth0", "vlan5"]);
  });

  it("are read from any report, names of links only", () => {
    fc.assert(
      fc.property(fc.string(), (report) => {
        for (const link of parseManaged(report)) expect(report).toContain(link);
      }),
    );
    expect(parseManaged("a\\:b:ethernet:connected\nnone\n")).toEqual(["a\\:b"]);
  });

  it("never become all links", () => {
    expect(avahiConfiguration([])).toContain("\nallow-interfaces=lo\n");
  });
});

describe("discoverability", () => {
  it.each([
    ["on in development", '{"isDefault":true}', undefined, true],
    ["off in production", '{"isDefault":false}', undefined, false],
    ["on when the fleet says so", '{"isDefault":false}', '{"discoverable":true}', true],
    ["off when the fleet says so", '{"isDefault":true}', '{"discoverable":false}', false],
    ["unset when the fleet's file is damaged", '{"isDefault":true}', "\0\0\0", true],
    ["unset when it says something else", '{"isDefault":false}', '{"discoverable":"true"}', false],
    ["off before config.json was read", "", undefined, false],
  ])("is %s", (_, defaults, wish, isOn) => {
    const machine = device({ [DISCOVERY_DEFAULTS]: defaults });
    if (wish !== undefined) machine.put(DISCOVERABILITY, wish);
    expect(readDiscovery(machine).isOn).toBe(isOn);
  });
});

describe("following it", () => {
  it("starts the daemon on the device's links, and the alias with their addresses", () => {
    const machine = device(development);
    expect(followDiscovery(machine)).toBe(0);
    expect(machine.readText(AVAHI_CONFIGURATION)).toContain("\nallow-interfaces=eth0,vlan5\n");
    expect(jobs(machine)).toEqual([
      "try-restart avahi-daemon.service",
      "start avahi-daemon.socket avahi-daemon.service",
      "start holdfast-alias@192.0.2.7.service",
    ]);
  });

  it("does not restart the daemon when its links are the same", () => {
    const machine = device(development);
    followDiscovery(machine);
    machine.commands.length = 0;
    followDiscovery(machine);
    expect(jobs(machine)).not.toContain("try-restart avahi-daemon.service");
  });

  it("takes back an alias whose address is gone", () => {
    const machine = device(development, "holdfast-alias@192.0.2.9.service loaded active running\n");
    followDiscovery(machine);
    expect(jobs(machine)).toContain("stop holdfast-alias@192.0.2.9.service");
  });

  it("stops everything when the device is not to be found", () => {
    const machine = device(
      { ...development, [DISCOVERABILITY]: '{"discoverable":false}' },
      "holdfast-alias@192.0.2.7.service loaded active running\n",
    );
    followDiscovery(machine);
    expect(jobs(machine)).toEqual(["stop holdfast-alias@192.0.2.7.service avahi-daemon.socket avahi-daemon.service"]);
  });

  it("follows a wish that changes meanwhile", () => {
    const machine = device(development);
    const reads = machine.readText;
    let looks = 0;
    const changing = {
      ...machine,
      readText: (path: string) => {
        if (path === DISCOVERABILITY && ++looks === 2) machine.put(DISCOVERABILITY, '{"discoverable":false}');
        return reads(path);
      },
    };
    followDiscovery(changing);
    expect(jobs(machine).at(-1)).toBe("stop avahi-daemon.socket avahi-daemon.service");
  });
});
