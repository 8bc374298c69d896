import { minutes } from "@holdfast/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import type { Device } from "./device/device.ts";
import { placeConnection, untilConnected } from "./device/place-connection.ts";
import { Neighbour } from "./neighbour/neighbour.ts";

const PATIENCE = minutes(3);
const LIMIT = PATIENCE + minutes(2);
const PSK = "correct horse";
let device: Device;
let router: Neighbour;

beforeAll(async () => {
  device = await bootedDevice("e2e-wifi");
  router = await Neighbour.join(device, { name: "wifi", address: "192.0.2.2/24", deviceAddress: "192.0.2.1/24" });
  // Two radios that hear each other: wlan0 is the device's, the other one goes to the neighbour.
  await device.shell("modprobe mac80211_hwsim radios=2");
  const phy = await device.shell("cat /sys/class/net/wlan1/phy80211/name");
  await device.shell(`nmcli device set wlan1 managed no; iw phy ${phy} set netns name wifi`);
  await device.shell("ip -n wifi addr add 203.0.113.1/24 dev wlan1");
  const range = "--dhcp-range=203.0.113.50,203.0.113.90,1h";
  await router.start("dhcp", [
    "dnsmasq",
    "--keep-in-foreground",
    "--conf-file=/dev/null",
    "--port=0",
    "--interface=wlan1",
    "--user=root",
    "--dhcp-leasefile=/run/leases",
    "--pid-file=/run/dnsmasq.pid",
    range,
  ]);
});
afterAll(async () => {
  await router?.[Symbol.asyncDispose]();
  await device?.[Symbol.asyncDispose]();
});

/** An access point of that name, by Debian's hostapd. */
async function accessPoint(ssid: string, lines: readonly string[]): Promise<void> {
  await router.stop("ap");
  const common = ["interface=wlan1", "driver=nl80211", `ssid=${ssid}`, "hw_mode=g", "channel=1"];
  const files = { "/tmp/hostapd.conf": `${[...common, ...lines].join("\n")}\n` };
  await router.start("ap", ["hostapd", "/tmp/hostapd.conf"], { files });
}

const wpa2 = [`wpa=2`, "wpa_key_mgmt=WPA-PSK", "rsn_pairwise=CCMP", `wpa_passphrase=${PSK}`];
const wpa3 = ["wpa=2", "wpa_key_mgmt=SAE", "rsn_pairwise=CCMP", "ieee80211w=2", `sae_password=${PSK}`];

const keyfile = (ssid: string, security: readonly string[], wifi: readonly string[] = []): string =>
  [
    "[connection]",
    `id=${ssid}`,
    "type=wifi",
    "[wifi]",
    `ssid=${ssid}`,
    ...wifi,
    ...security,
    "[ipv4]",
    "method=auto",
    "[ipv6]",
    "method=disabled",
    "",
  ].join("\n");
const psk = (management: string, password = PSK): string[] => [
  "[wifi-security]",
  `key-mgmt=${management}`,
  `psk=${password}`,
];

/** A known network is tried again and again while its name is remembered; the one access point here has a new name in each test. */
async function forget(name: string, ssid: string): Promise<void> {
  await device.shell(`rm /mnt/boot/system-connections/${name} && nmcli connection delete '${ssid}'`);
}

async function expectTraffic(ssid: string): Promise<void> {
  await untilConnected(device, "wlan0", ssid, PATIENCE);
  expect(await device.shell("ip -brief address show wlan0")).toMatch(/203\.0\.113\.\d+\/24/);
  expect(await device.shell("ping -c 2 -W 20 -I wlan0 203.0.113.1")).toContain(" 0% packet loss");
}

describe("a keyfile joins a network", () => {
  it("with a WPA2 password", { timeout: LIMIT }, async () => {
    await accessPoint("wpa two", wpa2);
    await placeConnection(device, "two", keyfile("wpa two", psk("wpa-psk")));
    await expectTraffic("wpa two");
    await forget("two", "wpa two");
  });

  it("with a WPA3 password", { timeout: LIMIT }, async () => {
    await accessPoint("wpa three", wpa3);
    await placeConnection(device, "three", keyfile("wpa three", psk("sae")));
    await expectTraffic("wpa three");
    await forget("three", "wpa three");
  });

  it("with a password for WPA2 that is WPA3's, too", { timeout: LIMIT }, async () => {
    const mixed = ["wpa=2", "wpa_key_mgmt=WPA-PSK SAE", "rsn_pairwise=CCMP", "ieee80211w=1", `wpa_passphrase=${PSK}`];
    await accessPoint("either", mixed);
    await placeConnection(device, "either", keyfile("either", psk("wpa-psk")));
    await expectTraffic("either");
    await forget("either", "either");
  });

  it("that hides its name", { timeout: LIMIT }, async () => {
    await accessPoint("hidden", [...wpa2, "ignore_broadcast_ssid=1"]);
    await placeConnection(device, "hidden", keyfile("hidden", psk("wpa-psk"), ["hidden=true"]));
    await expectTraffic("hidden");
    await forget("hidden", "hidden");
  });

  it("that is open", { timeout: LIMIT }, async () => {
    await accessPoint("open", []);
    await placeConnection(device, "open", keyfile("open", []));
    await expectTraffic("open");
    await forget("open", "open");
  });
});

describe("a keyfile with a wrong password", () => {
  it("does not join, and the journal says why", { timeout: LIMIT }, async () => {
    await accessPoint("locked", wpa2);
    await placeConnection(device, "locked", keyfile("locked", psk("wpa-psk", "wrong horse")));
    const told = async (): Promise<string> =>
      await device.shell(
        "journalctl --no-pager --output=cat --boot --unit=wpa_supplicant.service --unit=NetworkManager.service",
      );
    await expect.poll(told, { timeout: PATIENCE, interval: 3_000 }).toMatch(/pre-shared key may be incorrect/);
    expect(await device.shell("nmcli --get-values GENERAL.STATE device show wlan0")).not.toContain("100 (connected)");
    expect(await told()).not.toContain("wrong horse");
  });
});
