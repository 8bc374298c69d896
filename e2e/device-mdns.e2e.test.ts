import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import { editConfig, soon, untilSays } from "./device/config-editor.ts";
import type { Device } from "./device/device.ts";
import { Neighbour } from "./neighbour/neighbour.ts";

const WISH = "/etc/balena-supervisor/discoverability.json";
let device: Device;
let lan: Neighbour;

beforeAll(async () => {
  device = await bootedDevice("e2e-mdns");
  lan = await Neighbour.join(device, { name: "lan", address: "192.0.2.2/24" });
  await device.shell(
    `nmcli connection add type ethernet ifname ${lan.link} con-name lan ipv4.method manual ipv4.addresses 192.0.2.1/24 && nmcli connection up lan`,
  );
  await lan.start("bus", ["sh", "-c", "mkdir -p /run/dbus && exec dbus-daemon --system --nofork --nopidfile"]);
  // It shares the device's kernel, and with it the device's host name.
  const files = { "/etc/avahi-neighbour.conf": "[server]\nhost-name=neighbour\n" };
  await lan.start("names", ["avahi-daemon", "-f", "/etc/avahi-neighbour.conf"], { files });
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

/** What the neighbour makes of a name: an address, or nothing. */
const resolve = async (name: string): Promise<string> =>
  (await lan.attempt(["avahi-resolve", "-4", "-n", `${name}.local`])).stdout.trim().split(/\s+/)[1] ?? "";
const untilResolves = async (name: string, address = "192.0.2.1"): Promise<void> => {
  await expect.poll(() => resolve(name), soon).toBe(address);
};

describe("a development device on its network", () => {
  it("answers to its hostname and to balena.local while it has no other", async () => {
    await untilResolves(await device.shell("hostname"));
    await untilResolves("balena");
  });

  it("announces ssh as balena's tools look for it", async () => {
    const name = await device.shell("hostname");
    await expect
      .poll(() => lan.run(["avahi-browse", "-trp", "_resin-device._sub._ssh._tcp"]), soon)
      .toContain(`;${name};SSH Remote Terminal;local;${name}.local;192.0.2.1;22222;`);
  });

  it("is announced on its own links, not to the containers", async () => {
    const groups = await device.shell("ip -json maddress show");
    const listening = (JSON.parse(groups) as { ifname: string; maddr: { address?: string }[] }[])
      .filter(({ maddr }) => maddr.some(({ address }) => address === "224.0.0.251"))
      .map(({ ifname }) => ifname)
      .sort();
    expect(listening).toEqual([await device.shell("ip -json route show default | jq -r '.[0].dev'"), lan.link].sort());
  });

  it("follows a new hostname, and gives up the guessed one", async () => {
    await editConfig(device, '.hostname = "pump-7"');
    await untilResolves("pump-7");
    await untilSays(device, "systemctl list-units --plain --no-legend 'holdfast-alias@*'", "");
  });

  it("takes another name when a neighbour has its own", async () => {
    await lan.start("rival", ["avahi-publish", "-a", "-R", "valve.local", "192.0.2.2"]);
    await untilResolves("valve", "192.0.2.2");
    await editConfig(device, '.hostname = "valve"');
    await untilResolves("valve-2");
    expect(await resolve("valve")).toBe("192.0.2.2");
    await editConfig(device, "del(.hostname)");
    await lan.stop("rival");
  });

  it("takes balena-2.local when a neighbour is balena.local", async () => {
    await untilResolves("balena");
    await device.shell("systemctl stop 'holdfast-alias@*'");
    await lan.start("rival", ["avahi-publish", "-a", "-R", "balena.local", "192.0.2.2"]);
    await untilResolves("balena", "192.0.2.2");
    await device.shell("systemctl restart holdfast-discovery.service");
    await untilResolves("balena-2");
    await lan.stop("rival");
  });
});

describe("discoverability", () => {
  const states = "systemctl is-active avahi-daemon.service avahi-daemon.socket; true";

  it("is what the fleet says, and else what the mode implies", async () => {
    // It writes the fleet's wish, and there is no fleet.
    await device.shell("systemctl stop balena-supervisor");
    await device.shell(`echo '{"discoverable":false}' >${WISH}`);
    await untilSays(device, states, "inactive\ninactive");
    await editConfig(device, ".developmentMode = false");
    await device.shell(`echo '{"discoverable":true}' >${WISH}`);
    await untilSays(device, states, "active\nactive");
    await untilResolves(await device.shell("hostname"));
    await device.shell(`rm ${WISH}`);
    await untilSays(device, states, "inactive\ninactive");
    await editConfig(device, ".developmentMode = true");
    await untilSays(device, states, "active\nactive");
  });
});
